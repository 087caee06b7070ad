//! `GET /system-monitoring-information`: true figures of this process and machine under the names that clients know.
//!
//! Where a JVM's figure has no counterpart: `heap.memory.used` is the resident memory of the process,
//! `heap.memory.total` its peak, `heap.memory.max` the machine's memory; garbage collections are 0 because there are
//! none; executor queues are 0 because requests don't queue; `operations.completed.count` counts requests answered.

use super::answer;
use super::context::ApiContext;
use super::error::ApiError;
use super::routes::{Route, fixed, with};
use serde_json::{Map, Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};
use warp::Filter;
use warp::http::Method;
use warp::reply::Response;

pub(super) fn routes(context: &Arc<ApiContext>) -> Vec<Route> {
    let path = "system-monitoring-information";
    let get = fixed(path).and(with(context)).then(monitoring);
    vec![Route::new(Method::GET, "/system-monitoring-information", get)]
}

/// Queues of an executor that this server doesn't have.
const EMPTY_QUEUES: [&str; 11] = [
    "executor.q.async.size",
    "executor.q.client.size",
    "executor.q.client.query.size",
    "executor.q.client.blocking.size",
    "executor.q.query.size",
    "executor.q.scheduled.size",
    "executor.q.io.size",
    "executor.q.system.size",
    "executor.q.operations.size",
    "executor.q.priorityOperation.size",
    "event.q.size",
];

/// Reads process and machine; rates (load) are over the time since the last reading.
pub struct Monitor {
    system: Mutex<System>,
    pid: Pid,
    peak_threads: AtomicU64,
}

/// One reading.
struct Reading {
    processors: usize,
    physical: (u64, u64),
    swap: (u64, u64),
    resident: u64,
    peak: u64,
    process_load: f64,
    system_load: f64,
    average: Option<f64>,
    threads: u64,
    peak_threads: u64,
}

impl Monitor {
    /// Takes a first reading, from which the next one's rates are counted.
    ///
    /// # Errors
    /// The system tells nothing about itself.
    pub fn new() -> Result<Self, sysinfo::Error> {
        let monitor = Self {
            system: Mutex::new(System::new()?),
            pid: Pid::from_u32(std::process::id()),
            peak_threads: AtomicU64::new(0),
        };
        monitor.read();
        Ok(monitor)
    }

    /// Shares of 1: of the processors, over the time since the last reading, and of the memory, both of this process.
    pub(super) fn load(&self) -> (f64, f64) {
        let now = self.read();
        (now.process_load / 100.0, now.resident as f64 / now.physical.0.max(1) as f64)
    }

    fn read(&self) -> Reading {
        let mut system = self.system.lock().unwrap_or_else(PoisonError::into_inner);
        system.refresh_memory();
        system.refresh_cpu_usage();
        let kind = ProcessRefreshKind::nothing().with_cpu().with_memory();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[self.pid]), true, kind);
        let process = system.process(self.pid);
        let processors = system.cpus().len().max(1);
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let threads = status_number(&status, "Threads:").unwrap_or(1);
        let resident = process.map_or(0, sysinfo::Process::memory);
        Reading {
            processors,
            physical: (system.total_memory(), system.free_memory()),
            swap: (system.total_swap(), system.free_swap()),
            resident,
            peak: status_number(&status, "VmHWM:").map_or(resident, |kib| kib * 1024),
            process_load: process.map_or(0.0, |p| f64::from(p.cpu_usage()) / processors as f64),
            system_load: f64::from(system.global_cpu_usage()),
            average: System::load_average().ok().map(|load| load.one),
            threads,
            peak_threads: self.peak_threads.fetch_max(threads, Ordering::Relaxed).max(threads),
        }
    }
}

/// What Prometheus asks of a process; no rates, so that a reading changes no other.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ProcessReading {
    /// Bytes in memory.
    pub(super) resident: u64,
    /// Processor time, in seconds.
    pub(super) cpu_seconds: f64,
    /// Open file descriptors.
    pub(super) open_fds: u64,
    /// Threads.
    pub(super) threads: u64,
}

impl ProcessReading {
    /// Reads this process. Blocks.
    pub(super) fn take() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        // The directory itself is open while it is counted.
        let open_fds = std::fs::read_dir("/proc/self/fd").map_or(0, |all| all.count().saturating_sub(1));
        Self {
            resident: status_number(&status, "VmRSS:").map_or(0, |kib| kib * 1024),
            cpu_seconds: used.tv_sec as f64 + used.tv_nsec as f64 / 1e9,
            open_fds: open_fds as u64,
            threads: status_number(&status, "Threads:").unwrap_or(1),
        }
    }
}

fn status_number(status: &str, name: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

async fn monitoring(context: Arc<ApiContext>) -> Result<Response, ApiError> {
    let now = context.monitor.read();
    let (used, total) = (now.resident, now.peak.max(now.resident));
    let max = now.physical.0.max(total);
    let connections = &context.connections;
    let mut view = Map::new();
    let mut put = |key: &str, value: String| {
        view.insert(key.to_owned(), json!(value));
    };
    put("isMaster", "true".into());
    put("host", context.settings.host.clone());
    put("port", context.settings.port.to_string());
    put("processors", now.processors.to_string());
    put("physical.memory.total", memory(now.physical.0));
    put("physical.memory.free", memory(now.physical.1));
    put("swap.space.total", memory(now.swap.0));
    put("swap.space.free", memory(now.swap.1));
    put("heap.memory.used", memory(used));
    put("heap.memory.free", memory(total - used));
    put("heap.memory.total", memory(total));
    put("heap.memory.max", memory(max));
    put("heap.memory.used/total", percent(used as f64 * 100.0 / total.max(1) as f64));
    put("heap.memory.used/max", percent(used as f64 * 100.0 / max.max(1) as f64));
    put("minor.gc.count", "0".into());
    put("minor.gc.time", "0ms".into());
    put("major.gc.count", "0".into());
    put("major.gc.time", "0ms".into());
    put("load.process", percent(now.process_load));
    put("load.system", percent(now.system_load));
    put("load.systemAverage", now.average.map_or("n/a".into(), |load| format!("{load:.2}")));
    put("thread.count", now.threads.to_string());
    put("thread.peakCount", now.peak_threads.to_string());
    put("cluster.timeDiff", "0".into());
    for queue in EMPTY_QUEUES {
        put(queue, "0".into());
    }
    put("operations.completed.count", connections.requests.load(Ordering::Relaxed).to_string());
    for queue in ["mapLoad", "mapLoadAllKeys", "cluster", "response"] {
        put(&format!("executor.q.{queue}.size"), "0".into());
    }
    put("operations.running.count", context.scheduler.overlay().list().len().to_string());
    put("operations.pending.invocations.percentage", percent(0.0));
    put("operations.pending.invocations.count", "0".into());
    put("proxy.count", "0".into());
    put("clientEndpoint.count", "0".into());
    put("connection.active.count", connections.open.load(Ordering::Relaxed).to_string());
    put("client.connection.count", "0".into());
    put("connection.count", connections.accepted.load(Ordering::Relaxed).to_string());
    Ok(answer::json(&json!([Value::Object(view)])))
}

/// Bytes with one decimal and a unit above 1024, else a plain integer.
fn memory(bytes: u64) -> String {
    let mut unit = "";
    let mut size = bytes as f64;
    for next in ["K", "M", "G", "T", "P"] {
        if size <= 1024.0 {
            break;
        }
        size /= 1024.0;
        unit = next;
    }
    if unit.is_empty() { bytes.to_string() } else { format!("{size:.1}{unit}") }
}

fn percent(value: f64) -> String {
    format!("{value:.2}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_as_the_document_writes_them() {
        assert_eq!(memory(0), "0");
        assert_eq!(memory(1024), "1024");
        assert_eq!(memory(1536), "1.5K");
        assert_eq!(memory(16 << 30), "16.0G");
        assert_eq!(percent(23.538), "23.54%");
    }

    #[test]
    fn a_reading_is_of_this_process() {
        let now = Monitor::new().unwrap().read();
        assert!(now.resident > 100_000 && now.physical.0 > now.resident);
        let process = ProcessReading::take();
        assert!(process.resident > 100_000 && process.cpu_seconds > 0.0);
        assert!(process.threads >= 1 && process.open_fds >= 3);
        assert!(now.threads >= 1 && now.peak_threads >= now.threads && now.processors >= 1);
    }
}
