//! This process as the kernel sees it (proc(5)), under the names that Prometheus' own clients use.

use std::fmt;
use std::time::Duration;

use procfs::process::{LimitValue, Process as Proc};
use procfs::{WithCurrentSystemInfo, ticks_per_second};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

#[derive(Debug)]
pub(super) struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let Ok(process) = Proc::myself() else { return Ok(()) };
        if let Ok(stat) = process.stat() {
            let cpu = ConstCounter::new(seconds(stat.utime.saturating_add(stat.stime)));
            let help = "User and system CPU time";
            cpu.encode(encoder.encode_descriptor("process_cpu_seconds", help, None, cpu.metric_type())?)?;
            gauge(&mut encoder, "process_threads", "Threads", stat.num_threads)?;
            let resident = i64::try_from(stat.rss_bytes().get()).unwrap_or(i64::MAX);
            gauge(&mut encoder, "process_resident_memory_bytes", "Resident memory", resident)?;
        }
        if let Ok(open) = process.fd_count() {
            gauge(&mut encoder, "process_open_fds", "Open file descriptors", i64::try_from(open).unwrap_or(i64::MAX))?;
        }
        if let Ok(limits) = process.limits()
            && let LimitValue::Value(most) = limits.max_open_files.soft_limit
        {
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            gauge(&mut encoder, "process_max_fds", "File descriptors that may be open", most)?;
        }
        Ok(())
    }
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: i64) -> Result<(), fmt::Error> {
    let gauge = ConstGauge::new(value);
    gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)
}

/// Clock ticks as seconds.
fn seconds(ticks: u64) -> f64 {
    let per_second = ticks_per_second().max(1);
    let millis = u128::from(ticks) * 1000 / u128::from(per_second);
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX)).as_secs_f64()
}
