//! Who may come in: basic auth, tokens and their roles, pages of other origins.

use crate::server::{Answer, Options, Server, program};
use crate::wait::until;
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Makes a token, and adds its line to a file.
pub fn token(file: &Path, name: &str, role: &str) -> String {
    let made = Command::new(program())
        .args(["token", "create", "--role", role, "--name", name, "--file"])
        .arg(file)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let token = String::from_utf8(made.stdout).unwrap().trim().to_owned();
    assert!(token.starts_with("seikan_") && token.len() > 40, "{token}");
    token
}

/// A server with a token of each role.
pub struct Guarded {
    pub server: Server,
    pub read: String,
    pub operate: String,
    pub admin: String,
    pub file: PathBuf,
}

impl Guarded {
    pub fn start(dir: &Path, options: Options) -> Self {
        let file = dir.join("tokens");
        let [read, operate, admin] = ["read", "operate", "admin"].map(|role| token(&file, role, role));
        let options = options.env("SEIKAN_ENGINE__HTTP__TOKENS_FILE", file.display());
        let server = Server::start_with(&dir.join("data"), options);
        Self { server, read, operate, admin, file }
    }

    /// Asks with a token; an empty one is none.
    pub fn ask(&self, method: &str, path: &str, token: &str, body: &[u8]) -> Answer {
        let shown = format!("Bearer {token}");
        let headers = [("authorization", shown.as_str())];
        self.server.request(method, path, if token.is_empty() { &[] } else { &headers }, body)
    }
}

#[test]
fn basic_auth_guards_every_path_as_in_the_engine() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options::default()
        .env("SEIKAN_ENGINE__HTTP__ENABLE_BASIC_AUTH", true)
        .env("SEIKAN_ENGINE__HTTP__BASIC_AUTH_PASSWORD", "\"s:ecret\"")
        .env("SEIKAN_ENGINE__HTTP__CONTEXT_PATH", "/x");
    let server = Server::start_with(dir.path(), options);
    let with = |method: &str, path: &str, login: &str| {
        let headers = [("authorization", login)];
        server.request(method, path, if login.is_empty() { &[] } else { &headers }, b"{}")
    };
    let right = "Basic YWRtaW46czplY3JldA==";
    let root = server.url().trim_end_matches("/x").to_owned();
    for (method, path, login, status) in [
        ("GET", "/overview", right, 200),
        ("POST", "/update-tags", right, 200),
        ("POST", "/resume-jobs", right, 200),
        ("GET", "/overview", "", 401),
        ("GET", "/nowhere", "", 401),
        ("OPTIONS", "/overview", "", 401),
        ("POST", "/submit-job", "", 401),
        ("GET", "/overview", "Basic YWRtaW46c2VjcmV0", 401),
        ("GET", "/overview", "basic YWRtaW46czplY3JldA==", 401),
        ("GET", "/overview", "Bearer s:ecret", 401),
        ("GET", "/health", "", 200),
        ("GET", "/health", "Basic AAAA", 401),
    ] {
        let answer = with(method, path, login);
        assert_eq!(answer.status, status, "{method} {path} {login}: {}", answer.text);
        let challenge = (status == 401).then_some("Basic realm=\"SeaTunnel Web UI\"");
        assert_eq!(answer.header("www-authenticate"), challenge, "{method} {path}");
        if status == 401 {
            assert!(!answer.fail(401).contains("ecret"));
        }
    }
    let outside = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    assert_eq!(outside.get(format!("{root}/overview")).call().unwrap().status(), 401);
    assert_eq!(with("GET", "/health", "").json(), json!({"live": true, "ready": true}));
    assert!(with("GET", "/health", right).json()["store"].is_object());
}

#[test]
fn a_role_may_do_what_those_below_it_may_and_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let it = Guarded::start(dir.path(), Options::default());
    let cases = [
        ("GET", "/overview", "", "read"),
        ("HEAD", "/overview", "", "read"),
        ("GET", "/metrics", "", "read"),
        ("GET", "/backups", "", "read"),
        ("POST", "/update-tags", "{}", "operate"),
        ("POST", "/stop-job", r#"{"jobId": 1}"#, "operate"),
        ("POST", "/submit-job", "{}", "operate"),
        ("POST", "/submit-job/", "{}", "operate"),
        ("POST", "/resume-jobs", "", "admin"),
        ("POST", "/backups", "", "admin"),
    ];
    let roles = [("", ""), ("read", it.read.as_str()), ("operate", &it.operate), ("admin", &it.admin)];
    let rank = |role: &str| roles.iter().position(|(name, _)| *name == role).unwrap();
    for (method, path, body, needed) in cases {
        for (role, token) in roles {
            let answer = it.ask(method, path, token, body.as_bytes());
            let place = format!("{role} {method} {path}: {answer:?}");
            match role {
                "" => assert_eq!(answer.status, 401, "{place}"),
                _ if rank(role) >= rank(needed) => assert!(![401, 403].contains(&answer.status), "{place}"),
                _ => {
                    let message = answer.fail(403);
                    assert!(
                        message.contains(&format!("needs the role {needed}; this one has the role {role}")),
                        "{place}"
                    );
                }
            }
        }
    }
    for token in roles.map(|(_, token)| token).into_iter().skip(1) {
        assert_eq!(it.ask("GET", "/nowhere", token, b"").status, 404);
        assert_eq!(it.ask("PUT", "/backups", token, b"").status, 405);
        for path in ["//backups", "/%62ackups", "/backups/..", "/x/../backups", "/backups;x", "/BACKUPS"] {
            let status = it.ask("POST", path, token, b"").status;
            assert_eq!(
                status,
                if token == it.admin && path == "/%62ackups" { status } else { 404 },
                "{path}"
            );
        }
    }
    let challenge = it.ask("GET", "/overview", "", b"");
    assert_eq!(challenge.header("www-authenticate"), Some("Bearer realm=\"Seikan\""));
    assert!(it.ask("GET", "/health", &it.read, b"").json()["store"].is_object());
}

#[test]
fn the_tokens_are_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let it = Guarded::start(dir.path(), Options::default());
    let status = |token: &str| it.ask("GET", "/overview", token, b"").status;
    let new = token(&it.file, "new", "read");
    until("the new token is let in", || (status(&new) == 200).then_some(()));
    let text = fs::read_to_string(&it.file).unwrap();
    assert!(!text.contains(&new) && text.contains("sha256:"));
    let without: String =
        text.lines().filter(|line| !line.starts_with("new ")).map(|l| format!("{l}\n")).collect();
    fs::write(&it.file, without).unwrap();
    let hup = Command::new("kill").args(["-HUP", &it.server.pid().to_string()]).status().unwrap();
    assert!(hup.success());
    until("the old token is kept out", || (status(&new) == 401).then_some(()));

    // A file that can't be used changes nothing.
    fs::write(&it.file, "broken").unwrap();
    until("the server says so", || it.server.printed().contains("tokens: line 1: is no NAME").then_some(()));
    fs::set_permissions(&it.file, fs::Permissions::from_mode(0o644)).unwrap();
    until("the server says so", || it.server.printed().contains("other users can read").then_some(()));
    assert_eq!(status(&it.read), 200);
}

#[test]
fn a_start_with_tokens_that_others_can_read_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("tokens");
    token(&file, "ci", "read");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let options = Options::default().env("SEIKAN_ENGINE__HTTP__TOKENS_FILE", file.display());
    let printed = Server::try_start(&dir.path().join("data"), options).err().unwrap();
    assert!(printed.contains("http.tokens-file: ") && printed.contains("(mode 644); chmod 600"), "{printed}");
    let twice = Command::new(program())
        .args(["token", "create", "--role", "read", "--name", "ci", "--file"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&twice.stderr).contains("there is a token named \"ci\" already"));
}

#[test]
fn wrong_passwords_are_slowed_down_and_tokens_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options::default()
        .env("SEIKAN_ENGINE__HTTP__ENABLE_BASIC_AUTH", true)
        .env("SEIKAN_ENGINE__HTTP__BASIC_AUTH_PASSWORD", "x");
    let it = Guarded::start(dir.path(), options);
    let login = |login: &str| it.server.request("GET", "/overview", &[("authorization", login)], b"");
    let right = "Basic YWRtaW46eA==";
    assert_eq!(login(right).status, 200);
    let refused = std::thread::scope(|scope| {
        let guesses: Vec<_> = (0..20).map(|_| scope.spawn(|| login("Basic AAAA"))).collect();
        let answers: Vec<Answer> = guesses.into_iter().map(|guess| guess.join().unwrap()).collect();
        assert!(answers.iter().all(|answer| [401, 429].contains(&answer.status)));
        answers.into_iter().find(|answer| answer.status == 429).expect("not all are looked at")
    });
    assert!(refused.header("retry-after").is_some_and(|after| after.parse::<u64>().is_ok()));
    assert!(refused.fail(429).contains("too many wrong logins"));
    assert_eq!(login(&format!("Bearer {}", it.read)).status, 200);
    until("the right password is looked at again", || (login(right).status == 200).then_some(()));
}

#[test]
fn pages_of_other_origins_change_nothing_unless_they_are_listed() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options::default().env("SEIKAN_ENGINE__HTTP__CORS_ORIGINS", "[\"https://jobs.example\"]");
    let server = Server::start_with(dir.path(), options);
    let own = server.url().to_owned();
    let ask =
        |method: &str, origin: &str| server.request(method, "/update-tags", &[("origin", origin)], b"{}");
    assert_eq!(server.post("/update-tags", "{}").status, 200);
    assert_eq!(ask("POST", &own).status, 200);
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1", "https://jobs.example.evil", ""] {
        let answer = ask("POST", origin);
        assert!(answer.header("access-control-allow-origin").is_none(), "{origin}");
        assert!(answer.fail(403).contains("cors-origins"), "{origin}");
    }
    let listed = ask("POST", "https://jobs.example");
    assert_eq!(listed.status, 200);
    assert_eq!(listed.header("access-control-allow-origin"), Some("https://jobs.example"));
    assert_eq!(listed.header("vary"), Some("Origin"));

    let preflight = |origin: &str| {
        let headers = [("origin", origin), ("access-control-request-method", "POST")];
        server.request("OPTIONS", "/update-tags", &headers, b"")
    };
    let answer = preflight("https://jobs.example");
    assert_eq!(
        (answer.status, answer.header("access-control-allow-origin")),
        (204, Some("https://jobs.example"))
    );
    assert!(answer.header("access-control-allow-headers").is_some_and(|h| h.contains("Authorization")));
    assert!(preflight("https://evil.example").header("access-control-allow-origin").is_none());
}

#[test]
fn every_answer_keeps_browsers_from_guessing_storing_and_framing() {
    let dir = tempfile::tempdir().unwrap();
    let it = Guarded::start(dir.path(), Options::default());
    for (path, token) in
        [("/overview", it.read.as_str()), ("/nowhere", &it.read), ("/metrics", ""), ("/health", "")]
    {
        let answer = it.ask("GET", path, token, b"");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path} {name}");
        }
        assert_eq!(answer.header("vary"), None);
    }
}
