//! docs/access.md says what is true: routes with their roles, limits, and commands that work. After a change of the routes:
//! `SEIKAN_UPDATE_DOCS=1 cargo test --test it -- access_docs`.

use crate::access::Guarded;
use crate::server::{Options, checkout};
use seikan::app::{Server, ServerOptions, block_on};
use seikan::config::Config;
use seikan::runtime::Logging;
use std::fs;
use std::process::{Command, ExitCode};

const TABLE: &str = "| route | role |\n|---|---|\n";
const END: &str = "<!-- end -->";

fn page() -> String {
    fs::read_to_string(checkout().join("docs/access.md")).unwrap()
}

#[test]
fn each_route_is_in_the_table_with_its_role() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config::defaults().unwrap();
    config.store.data_dir = dir.path().join("data");
    config.http.listen.set_port(0);
    let rows = std::sync::Mutex::new(Vec::new());
    let found = &rows;
    block_on(async move {
        let server =
            Server::start(ServerOptions::for_config(config, false, Logging::detached())).await.unwrap();
        let routes = server.routes().iter();
        *found.lock().unwrap() =
            routes.map(|r| format!("| `{} {}` | {} |\n", r.method, r.path, r.role)).collect();
        server.stop().await;
        ExitCode::SUCCESS
    });
    let mut rows: Vec<String> = rows.into_inner().unwrap();
    assert!(rows.len() > 20, "{rows:?}");
    rows.sort();
    let rows = rows.concat();
    let page = page();
    let (front, rest) = page.split_once(TABLE).expect("the table of routes");
    let (old, back) = rest.split_once(END).expect("its end");
    if std::env::var_os("SEIKAN_UPDATE_DOCS").is_some() {
        fs::write(checkout().join("docs/access.md"), format!("{front}{TABLE}{rows}{END}{back}")).unwrap();
    } else {
        assert_eq!(old, rows, "run SEIKAN_UPDATE_DOCS=1 cargo test --test it -- access_docs");
    }
}

#[test]
fn the_limits_have_the_defaults_that_are_said() {
    let limits = Config::defaults().unwrap().http;
    let page = page();
    for (key, default) in [
        ("max-connections", limits.limits.connections as u128),
        ("max-header-bytes", limits.limits.header_bytes as u128),
        ("max-body-bytes", u128::from(limits.max_body_bytes)),
        ("header-timeout", limits.limits.header.as_millis()),
        ("body-timeout", limits.limits.body.as_millis()),
        ("idle-timeout", limits.limits.idle.as_millis()),
        ("send-timeout", limits.limits.send.as_millis()),
    ] {
        let row = format!("| `{key}` | {default} |");
        assert!(page.contains(&row), "{row}");
    }
    assert!(limits.limits.connections_per_address.is_none());
    assert!(page.contains("| `max-connections-per-address` | any |"));
    assert!(limits.limits.requests_per_second.is_none() && page.contains("| `requests-per-second` | any |"));
}

/// Every command that asks a server is run, and gets an answer.
#[test]
fn the_commands_work() {
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("shade.key");
    let made = format!("openssl rand -hex 32 > {0} && chmod 600 {0}", key.display());
    assert!(Command::new("sh").args(["-c", &made]).status().unwrap().success());
    let options = Options::default()
        .env("SEIKAN_ENGINE__HTTP__ENABLE_BASIC_AUTH", true)
        .env("SEIKAN_ENGINE__HTTP__BASIC_AUTH_PASSWORD", "of the test")
        .env("SEIKAN_ENGINE__SHADE_KEY_FILE", key.display());
    let it = Guarded::start(dir.path(), options);
    let page = page();
    let blocks = page.split("```sh\n").skip(1).map(|rest| rest.split_once("```").unwrap().0);
    let asking: Vec<&str> = blocks.filter(|block| block.starts_with("curl")).collect();
    assert!(asking.len() >= 3, "{asking:?}");
    for block in asking {
        let script =
            block.replace("http://127.0.0.1:8080", it.server.url()).replacen("curl ", "curl -sS --fail ", 1);
        let output = Command::new("sh")
            .args(["-c", &script])
            .env("SEIKAN_TOKEN", &it.operate)
            .env("PASSWORD", "of the test")
            .output()
            .unwrap();
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.starts_with('{'), "{script}: {text}");
    }
}
