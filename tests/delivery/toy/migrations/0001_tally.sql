-- Numbers and chains that come out wrong when an event is lost, taken twice or taken out of order.
CREATE TABLE tally (
    participant text PRIMARY KEY,
    registered boolean NOT NULL,
    steps bigint NOT NULL,
    chain text NOT NULL,
    decisions bigint NOT NULL,
    said bigint NOT NULL,
    said_chain text NOT NULL,
    place text CONSTRAINT no_room_for_it CHECK (place <> 'cannot-be-saved')
);
