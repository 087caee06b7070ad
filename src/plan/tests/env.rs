//! Typed `env` options, and `env` as the views show it.

use super::{plan, refusal, warnings};
use crate::plan::ReadLimit;
use crate::plugin::JobMode;
use std::time::Duration;

fn text(env: &str) -> String {
    let source = r#"{"plugin_name":"FakeSource","schema":{"fields":{"a":"int"}}}"#;
    format!(r#"{{"env":{env},"source":[{source}],"sink":[{{"plugin_name":"Console"}}]}}"#)
}

/// Values that the Java engine takes (or hangs on: a null counts as not given).
#[test]
fn env_that_is_accepted() {
    let parallelism = |env| plan(&text(env)).sources[0].parallelism;
    for (env, wanted) in [
        ("{}", 1),
        (r#"{"parallelism":2}"#, 2),
        (r#"{"parallelism":"2"}"#, 2),
        (r#"{"parallelism":" 2.0 "}"#, 2),
        (r#"{"parallelism":-1}"#, 1),
        (r#"{"parallelism":0}"#, 1),
        (r#"{"parallelism":null}"#, 1),
        (r#"{"execution.parallelism":3}"#, 1),
    ] {
        assert_eq!(parallelism(env), wanted, "{env}");
    }
    let mode = |env| plan(&text(env)).settings.mode;
    for (env, wanted) in [
        ("{}", JobMode::Batch),
        (r#"{"job.mode":"batch"}"#, JobMode::Batch),
        (r#"{"job.mode":"Batch"}"#, JobMode::Batch),
        (r#"{"job.mode":null}"#, JobMode::Batch),
        (r#"{"job.mode":"Streaming"}"#, JobMode::Streaming),
        (r#"{"job":{"mode":"STREAMING"}}"#, JobMode::Streaming),
    ] {
        assert_eq!(mode(env), wanted, "{env}");
    }
    let name = |env| plan(&text(env)).settings.name;
    for (env, wanted) in [
        ("{}", None),
        (r#"{"job.name":"n"}"#, Some("n")),
        (r#"{"job.name":5}"#, Some("5")),
        (r#"{"job.name":" n "}"#, Some(" n ")),
        (r#"{"job.name":""}"#, Some("")),
    ] {
        assert_eq!(name(env).as_deref(), wanted, "{env}");
    }
    for env in [r#"{"savemode.execute.location":"client"}"#, r#"{"jars":"file:///x.jar"}"#, r#"{"nope":1}"#] {
        plan(&text(env));
    }
}

#[test]
fn env_that_is_refused() {
    for (env, problem) in [
        (
            r#"{"job.mode":["BATCH"]}"#,
            r#"env.job.mode: ["BATCH"] is not allowed here; allowed: BATCH, STREAMING"#,
        ),
        (r#"{"job.mode":""}"#, r#"env.job.mode: "" is not allowed here; allowed: BATCH, STREAMING"#),
        (
            r#"{"job.mode":"BACTH"}"#,
            r#"env.job.mode: "BACTH" is not allowed here; allowed: BATCH, STREAMING (did you mean "BATCH"?)"#,
        ),
        (r#"{"parallelism":"x"}"#, r#"env.parallelism: "x" is not an integer of 32 bits"#),
        (r#"{"parallelism":2000000000}"#, "env.parallelism: 2000000000 is not allowed; allowed: 1 to 1024"),
        (r#"{"job.retry.times":"x"}"#, r#"env.job.retry.times: "x" is not an integer of 32 bits"#),
        (
            r#"{"checkpoint.interval":-1}"#,
            "env.checkpoint.interval: -1 is not allowed; allowed: 10 milliseconds or more",
        ),
        (r#"{"checkpoint.interval":"x"}"#, r#"env.checkpoint.interval: "x" is not an integer of 64 bits"#),
        (
            r#"{"checkpoint.timeout":9}"#,
            "env.checkpoint.timeout: 9 is not allowed; allowed: 10 milliseconds or more",
        ),
        (
            r#"{"read_limit.rows_per_second":0}"#,
            "env.read_limit.rows_per_second: 0 is not allowed; allowed: 1 or more",
        ),
        (
            r#"{"read_limit.bytes_per_second":"x"}"#,
            r#"env.read_limit.bytes_per_second: "x" is not an integer of 32 bits"#,
        ),
        (
            r#"{"savemode.execute.location":"moon"}"#,
            r#"env.savemode.execute.location: "moon" is not allowed here; allowed: CLUSTER, CLIENT"#,
        ),
    ] {
        assert_eq!(refusal(&text(env)), problem, "{env}");
    }
}

#[test]
fn settings_of_batch_and_streaming_jobs() {
    let batch = plan(&text("{}")).settings;
    assert_eq!(batch.checkpoint_interval, None, "a batch job has checkpoints only if it asks for them");
    assert_eq!((batch.retry_times, batch.retry_interval), (3, Duration::from_secs(3)));
    assert_eq!(batch.checkpoint_timeout, Some(Duration::from_secs(60)));
    let streaming = plan(&text(r#"{"job.mode":"STREAMING"}"#)).settings;
    assert_eq!(streaming.checkpoint_interval, Some(Duration::from_secs(10)), "the server's");
    let own = plan(&text(
        r#"{"checkpoint.interval":"1000","checkpoint.timeout":10,"job.retry.times":-1,
            "job.retry.interval.seconds":7,"read_limit.rows_per_second":"5","read_limit.bytes_per_second":6}"#,
    ))
    .settings;
    assert_eq!(own.checkpoint_interval, Some(Duration::from_secs(1)));
    assert_eq!(own.checkpoint_timeout, Some(Duration::from_millis(10)));
    assert_eq!((own.retry_times, own.retry_interval), (0, Duration::from_secs(7)));
    assert_eq!(own.read_limit, ReadLimit { rows: Some(5), bytes: Some(6) });
}

#[test]
fn views_show_env_as_java_prints_it() {
    let env = r#"{"job.mode":"BATCH","a":5000,"b":true,"c":["x",1.5,[2]],"d":{"k":"v","l":{"m":1}},"e":null,
                  "f":1.0,"g":0.0001,"execution.parallelism":3}"#;
    let shown = plan(&text(env)).settings.env;
    let shown: Vec<String> = shown.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let wanted = [
        "job.mode=BATCH",
        "a=5000",
        "b=true",
        "c=[x, 1.5, [2]]",
        "d={k=v, l={m=1}}",
        "f=1",
        "g=1.0E-4",
        "execution.parallelism=3",
    ];
    assert_eq!(shown, wanted);
}

#[test]
fn a_misspelt_key_is_warned_about_and_other_engines_keys_are_not() {
    let env = r#"{"checkpoint.intervall":5,"flink.x":1,"spark.app.name":"a","execution.checkpoint.interval":1,
                  "spark":{"a":1},"job":{"mode":"BATCH"}}"#;
    let wanted = "env.checkpoint.intervall: is not an option of env; it is ignored (did you mean \
                  \"checkpoint.interval\"?)";
    assert_eq!(warnings(&text(env)), [wanted]);
}
