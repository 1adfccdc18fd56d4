"""A deterministic simulation: the real runner and relay on a store, a log and clocks that misbehave by seed.

`loop` and `chance` give time and luck; `locks`, `database` and `connection` the store, `statements`, `stores`
and `conditions` what can be said to it; `broker` the log and its readers; `process` an instance that can be
killed at any await. `world` puts a region together, `partners`, `story` and the plots say what is stated,
`checks` what must hold in the end, `shrink` makes a failure short. Run it with `python -m tests.simulation`.
"""
