//! The flags of the Java client's script: behind `seatunnel`, and those that other commands know.

use crate::client::{HOCON, file, printed, streaming};
use crate::server::Server;
use serde_json::{Value, json};

#[test]
fn the_flags_of_the_script_do_what_they_did() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("data"));
    let url = server.url();
    let conf = file(dir.path(), "job.conf", HOCON);
    let stream = file(dir.path(), "stream.json", streaming().to_string());
    let broken = file(dir.path(), "broken.conf", "source { FakeSorce { } }\nsink { Console { } }\n");

    let (out, _) = printed(url, &["seatunnel", "--config", &conf, "-i", "who=script"], 0);
    assert!(out.contains("           Job Statistic Information\n"), "{out}");
    assert!(out.contains("Total Read Count          :                   3\n"), "{out}");
    let (out, err) = printed(
        url,
        &[
            "seatunnel",
            "-c",
            &stream,
            "--async",
            "-n",
            "later",
            "--set-job-id",
            "7",
            "-cn",
            "x",
            "-DJvmOption=-Xms1g",
        ],
        0,
    );
    assert_eq!(out, "job 7 is submitted\n");
    assert!(err.contains("--cluster has no meaning") && err.contains("-D has no meaning"), "{err}");
    server.wait_for("7", "RUNNING");
    let (out, _) = printed(url, &["seatunnel", "-l"], 0);
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].starts_with("Job ID") && lines[0].contains("  Submit Time"), "{out}");
    assert!(lines[1].starts_with("------") && lines[2].starts_with("7  "), "{out}");
    assert!(lines[3].contains("  script  ") || lines[3].contains("  script "), "{out}");
    let (out, _) = printed(url, &["seatunnel", "-j", "7"], 0);
    let job: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&job["jobId"], &job["jobName"], &job["jobStatus"]),
        (&json!("7"), &json!("later"), &json!("RUNNING"))
    );
    let (out, _) = printed(url, &["seatunnel", "-j", "8"], 2);
    assert_eq!(out, "{\"err\":\"jobId : 8 not found\"}\n");
    let (out, _) = printed(url, &["seatunnel", "-s", "7"], 0);
    assert_eq!(out, "job 7 has ended: SAVEPOINT_DONE\n");
    printed(url, &["seatunnel", "-c", &stream, "-r", "7", "--async"], 0);
    server.wait_for("7", "RUNNING");
    printed(url, &["seatunnel", "-can", "7"], 0);
    server.wait_for("7", "CANCELED");

    let (out, _) = printed(url, &["seatunnel", "-c", &broken, "--check"], 2);
    assert!(out.contains("there is no source plug-in"), "{out}");
    let (_, err) = printed(url, &["seatunnel", "-c", &conf, "-e", "local", "-n", "here"], 0);
    assert!(err.contains(" (here) FINISHED: 3 rows read"), "{err}");
    printed(url, &["seatunnel"], 2);
    printed(url, &["seatunnel", "-c", &broken], 2);
}

#[test]
fn submit_jobs_and_stop_take_the_flags_of_the_script() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("data"));
    let url = server.url();
    let stream = file(dir.path(), "stream.json", streaming().to_string());
    let submit = ["submit", "--config", &stream, "-n", "x", "-m", "CLUSTER", "--async", "--set-job-id", "7"];
    assert_eq!(printed(url, &submit, 0).0, "7\n");
    server.wait_for("7", "RUNNING");
    assert!(printed(url, &["jobs", "-l"], 0).0.starts_with("7\tx\tRUNNING\t"));
    printed(url, &["stop", "-s", "7", "--wait"], 0);
    printed(url, &["submit", "-c", &stream, "-r", "7", "-e", "cluster"], 0);
    server.wait_for("7", "RUNNING");
    printed(url, &["stop", "-can", "7", "--wait"], 0);
    server.wait_for("7", "CANCELED");
    for (arguments, why) in [
        (&["submit"][..], "<FILE>"),
        (&["submit", "-c", &stream, &stream], "cannot be used with"),
        (&["submit", "-c", &stream, "-m", "local"], "`seikan run FILE` runs a job in its own process"),
        (&["submit", "-c", &stream, "--async", "--wait"], "cannot be used with"),
    ] {
        let (_, err) = printed(url, arguments, 2);
        assert!(err.contains(why), "{arguments:?}: {err}");
    }
}
