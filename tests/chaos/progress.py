"""How far a campaign is: when all that it wants is reached, and a line for who waits for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.chaos.driver.driver import Driver
from tests.chaos.gauge import Gauge
from tests.chaos.nemesis.strikes import Strikes
from tests.chaos.options import Options

_REPEATS: Final = 1.06
"""Records for an event that is wanted on the topics: some are repeats, and only the checker tells which."""
_LINES: Final = 200
_AT_LEAST_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Progress:
    """Compares what there is with what is wanted."""

    options: Options
    driver: Driver
    strikes: Strikes
    gauge: Gauge

    @property
    def every_s(self) -> float:
        """Seconds between two lines: often in a short campaign, some two hundred lines in a long one."""
        return max(_AT_LEAST_S, self.options.seconds / _LINES)

    def reached(self, seconds: float) -> bool:
        """Whether everything that is wanted is there after so many seconds."""
        return all(have >= want for have, want in self._goals(seconds))

    def line(self, seconds: float) -> str:
        """What is to be said now."""
        driver, fleet = self.driver, self.driver.ground.fleet
        behind = " ".join(f"{service} {records}" for service, records in self.gauge.lag.items())
        return (
            f"{seconds:5.0f} s  {driver.calendar.today}  people {len(driver.people)}  "
            f"under way {len(driver.busy)}  events {driver.ledger.answered}  records {self.gauge.records}  "
            f"kills {fleet.kills.total()}  faults {self.strikes.counted.total()}  "
            f"behind: {behind or 'not known yet'}  minutes left {self._left_s(seconds) / 60:.1f}"
        )

    def _goals(self, seconds: float) -> list[tuple[float, float]]:
        """What there is and what is wanted, of each."""
        options, driver = self.options, self.driver
        return [
            (seconds, options.seconds),
            (driver.ground.fleet.kills.total(), options.kills),
            (driver.ledger.answered, options.events),
            (self.gauge.records, options.log_events * _REPEATS),
        ]

    def _left_s(self, seconds: float) -> float:
        """Seconds until all of it is reached, if it goes on as it went."""
        pace = [seconds * (want / have - 1) for have, want in self._goals(seconds) if 0 < have < want]
        left = max(pace, default=0.0)
        close_after = self.options.close_after_s
        return min(left, close_after - seconds) if close_after else left
