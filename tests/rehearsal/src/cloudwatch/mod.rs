//! What CloudWatch does with the service's log lines: metrics, metric filters, metric math, alarms.
//!
//! It computes only what `template.yaml` uses. What it does not know is an error and never a guess.
