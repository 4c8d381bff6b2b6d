//! What is to be seen of a running kabinet: request ids, figures, probes, traces, log lines.

mod broken;
mod figures;
mod logs;
mod request_id;
mod traces;
