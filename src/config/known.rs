//! The keys under `seatunnel.engine` that exist, in the nested spelling.

/// Keys that this server reads.
pub(super) const READ: &[&str] = &[
    "history-job-expire-minutes",
    "slot-service.dynamic-slot",
    "slot-service.slot-num",
    "job-schedule-strategy",
    "max-running-jobs",
    "checkpoint.interval",
    "checkpoint.timeout",
    "http.enable-http",
    "http.host",
    "http.port",
    "http.context-path",
    "http.allow-anonymous",
    "http.job-id-format",
    "http.max-body-bytes",
    "http.env-allow",
    "http.project-version",
    "pipe-bytes",
    "pipes-budget-bytes",
    "plugin-call-timeout",
    "stop-deadline",
    "shutdown-deadline",
    "blocking-threads",
    "store.data-dir",
    "store.segment-bytes",
    "store.index-cache-bytes",
    "store.trust-path",
    "store.backup-dir",
    "logs.job-log-bytes",
    "tags",
];

/// Keys of the Java engine that have no effect here: of the JVM, of a cluster, or of something that is always on.
pub(super) const WITHOUT_EFFECT: &[&str] = &[
    "backup-count",
    "queue-type",
    "print-execution-info-interval",
    "print-job-metrics-info-interval",
    "job-metrics-backup-interval",
    "job-metrics-partition-count",
    "task_execution_thread_share_mode",
    "slot-allocate-strategy",
    "checkpoint.schema-change-timeout",
    "checkpoint.min-pause",
    "checkpoint.retain-after-job-cancelled",
    "checkpoint.storage",
    "classloader-cache-mode",
    "jar-storage",
    "telemetry",
    "event-report-http",
    "coordinator-service",
    "state-cleanup-delay-ms",
    "health-metrics-timeout-seconds",
    "metadata",
    "timer-flush-pool-size",
    "http.enable-dynamic-port",
    "http.port-range",
    "http.log-response-max-size-mb",
    "http.upload-max-file-size-mb",
    "http.upload-max-request-size-mb",
];

/// Flat spellings of the API document, and what they mean.
pub(super) const FLAT: &[(&str, &str)] =
    &[("enable-http", "http.enable-http"), ("port", "http.port"), ("context-path", "http.context-path")];
