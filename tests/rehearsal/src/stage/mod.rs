//! Outages, played on the local system with a shifted clock.
