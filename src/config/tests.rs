//! Layers, spellings, warnings and refusals.

use super::{Config, Flags, Loaded, listen_address, load_with};
use std::io::Write;

fn load(yaml: &str, environment: &[(&str, &str)]) -> Result<Loaded, String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(yaml.as_bytes()).unwrap();
    let variables = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    load_with(Some(file.path()), variables, &Flags::default())
        .map_err(|e| e.to_string().replace(&file.path().display().to_string(), "FILE"))
}

#[test]
fn the_defaults_can_be_read_and_have_no_oddities() {
    let loaded = load_with(None, std::iter::empty(), &Flags::default()).unwrap();
    assert_eq!(loaded.warnings, []);
    assert_eq!(loaded.config.http.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(loaded.config.history_job_expire_minutes, None);
    assert_eq!(loaded.config.slots.fixed, None);
    assert!(Config::defaults().is_ok());
}

#[test]
fn a_flat_key_beats_an_embedded_nested_default() {
    let loaded = load("seatunnel:\n  engine:\n    port: 9090\n    context-path: /seatunnel/\n", &[]).unwrap();
    assert_eq!(loaded.config.http.listen.port(), 9090);
    assert_eq!(loaded.config.http.context_path, "/seatunnel");
    assert_eq!(loaded.warnings, []);
}

#[test]
fn within_one_file_nested_beats_flat() {
    let loaded = load("engine:\n  port: 9090\n  http:\n    port: 9191\n", &[]).unwrap();
    assert_eq!(loaded.config.http.listen.port(), 9191);
}

#[test]
fn the_environment_beats_the_file() {
    let environment = [
        ("SEIKAN_ENGINE__HTTP__CONTEXT_PATH", "x"),
        ("SEIKAN_ENGINE__HTTP__PORT", "7070"),
        ("SEIKAN_ENGINE__HTTP__ENV_ALLOW", "[A, B]"),
        ("UNRELATED", "1"),
    ];
    let loaded = load("seatunnel:\n  engine:\n    port: 9090\n", &environment).unwrap();
    assert_eq!(loaded.config.http.context_path, "/x");
    assert_eq!(loaded.config.http.listen.port(), 7070);
    assert_eq!(loaded.config.http.env_allow, ["A", "B"]);
}

#[test]
fn flags_beat_everything() {
    let flags = Flags { data_dir: Some("/srv/x".into()), listen: Some("0.0.0.0:1".parse().unwrap()) };
    let environment = [("SEIKAN_ENGINE__STORE__DATA_DIR".to_owned(), "other".to_owned())];
    let config = load_with(None, environment.into_iter(), &flags).unwrap().config;
    assert_eq!(config.store.data_dir.to_str(), Some("/srv/x"));
    assert_eq!(config.http.listen.to_string(), "0.0.0.0:1");
    let refusal = config.check_exposure().unwrap_err().to_string();
    assert!(refusal.contains("allow-anonymous: true"), "{refusal}");
    // Where nothing is served, nothing is exposed.
    let off = [("SEIKAN_ENGINE__HTTP__ENABLE_HTTP".to_owned(), "false".to_owned())];
    load_with(None, off.into_iter(), &flags).unwrap().config.check_exposure().unwrap();
}

#[test]
fn an_address_of_all_is_served_to_those_who_are_known() {
    let file = |keys: &str| load(&format!("engine:\n  http:\n    host: 0.0.0.0\n{keys}"), &[]);
    let https = "    enable-https: true\n    tls-certificate: c.pem\n    tls-key: k.pem\n";
    for (keys, served) in [
        ("", false),
        ("    allow-anonymous: true\n", true),
        ("    tokens-file: /x\n", true),
        ("    enable-basic-auth: true\n    basic-auth-password: x\n", true),
        ("    basic-auth-password: x\n", false),
        (https, false),
        (&format!("{https}    tls-client-ca: ca.pem\n"), false),
        (&format!("{https}    tls-client-ca: ca.pem\n    enable-http: false\n"), true),
        (&format!("{https}    enable-http: false\n"), false),
    ] {
        assert_eq!(file(keys).unwrap().config.check_exposure().is_ok(), served, "{keys}");
    }
}

#[test]
fn protection_that_is_half_said_is_refused() {
    for (keys, why) in [
        ("enable-basic-auth: true", "basic-auth-password is not set, and there is no default"),
        (
            "enable-basic-auth: true\n    basic-auth-username: \"a:b\"\n    basic-auth-password: geheim",
            "basic-auth-username: \"a:b\" can't be used",
        ),
        ("enable-https: true", "needs http.tls-certificate and http.tls-key"),
        ("enable-https: true\n    tls-certificate: c.pem", "needs http.tls-certificate and http.tls-key"),
        ("cors-origins: [\"*\"]", "http.cors-origins: a list can't be used; allowed: a list of origins"),
        ("cors-origins: [\"https://a/x\"]", "without a path"),
        ("max-connections: 0", "allowed: a number from 1 to"),
        ("header-timeout: 0", "allowed: a number of at least 1"),
        ("requests-per-second: many", "allowed: a number from 1 to"),
    ] {
        let error = load(&format!("engine:\n  http:\n    {keys}\n"), &[]).map(|_| ()).unwrap_err();
        assert!(error.contains(why) && !error.contains("geheim"), "{keys}: {error}");
    }
    let config =
        load("engine:\n  http:\n    enable-basic-auth: true\n    basic-auth-password: geheim\n", &[]);
    let shown = format!("{:?}", config.unwrap().config);
    assert!(shown.contains("BasicAuth") && !shown.contains("geheim"), "{shown}");
}

#[test]
fn addresses_to_listen_on() {
    for (text, address) in
        [("127.0.0.1:0", "127.0.0.1:0"), ("[::1]:80", "[::1]:80"), ("localhost:21095", "127.0.0.1:21095")]
    {
        assert_eq!(listen_address(text).map(|a| a.to_string()), Ok(address.to_owned()));
    }
    for text in ["", "localhost", ":80", "localhost:", "localhost:70000", "no such host:80"] {
        let refusal = listen_address(text).unwrap_err();
        assert!(refusal.contains(&format!("{text:?} is no HOST:PORT")), "{refusal}");
    }
    let named = load("engine:\n  http:\n    host: localhost\n", &[]).unwrap();
    assert!(named.config.http.listen.ip().is_loopback());
}

#[test]
fn a_users_real_file_loads_with_warnings_only() {
    let yaml = "
seatunnel:
  engine:
    history-job-expire-minutes: 1440
    backup-count: 1
    queue-type: blockingqueue
    print-execution-info-interval: 60
    print-job-metrics-info-interval: 60
    slot-service:
      dynamic-slot: true
    checkpoint:
      interval: 10000
      timeout: 60000
      storage:
        type: hdfs
        max-retained: 3
        plugin-config:
          namespace: /tmp/seatunnel/checkpoint_snapshot
          storage.type: hdfs
          fs.defaultFS: file:///tmp/
    telemetry:
      metric:
        enabled: false
    http:
      enable-http: true
      port: 8080
      contxt-path: /typo
";
    let loaded = load(yaml, &[]).unwrap();
    assert_eq!(loaded.config.history_job_expire_minutes, Some(1440));
    let texts: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
    assert!(texts.iter().any(|t| t.contains("engine.backup-count: has no effect here")), "{texts:?}");
    assert!(texts.iter().any(|t| t.contains("checkpoint.storage.type: has no effect here")), "{texts:?}");
    assert!(
        texts
            .iter()
            .any(|t| t.contains("http.contxt-path: is not known") && t.contains("\"http.context-path\"")),
        "{texts:?}"
    );
}

#[test]
fn what_is_kept_is_unlimited_unless_it_is_set() {
    let nothing = load("", &[]).unwrap().config;
    let (logs, checkpoints) = (&nothing.logs.kept, &nothing.checkpoint.kept);
    assert_eq!((logs.expire_minutes, logs.max_jobs, logs.max_bytes), (None, None, None));
    assert_eq!((checkpoints.expire_minutes, checkpoints.max_jobs, checkpoints.max_bytes), (None, None, None));
    assert_eq!((nothing.store.max_ended_jobs, nothing.store.max_ended_bytes), (None, None));
    assert_eq!(nothing.store.low_water_bytes, 256 << 20);
    let yaml = "engine:\n  store:\n    max-ended-bytes: 5\n    low-water-bytes: 0\n  logs:\n    expire-minutes: 6\n    \
                max-jobs: 7\n    max-bytes: 8\n  checkpoint:\n    expire-minutes: 9\n    max-jobs: 10\n    max-bytes: 11\n";
    let loaded = load(yaml, &[]).unwrap();
    assert_eq!(loaded.warnings, []);
    let (logs, checkpoints) = (&loaded.config.logs.kept, &loaded.config.checkpoint.kept);
    assert_eq!((logs.expire_minutes, logs.max_jobs, logs.max_bytes), (Some(6), Some(7), Some(8)));
    assert_eq!(
        (checkpoints.expire_minutes, checkpoints.max_jobs, checkpoints.max_bytes),
        (Some(9), Some(10), Some(11))
    );
    let store = &loaded.config.store;
    assert_eq!((store.max_ended_bytes, store.low_water_bytes), (Some(5), 0));
}

#[test]
fn a_place_for_backups_is_there_only_when_it_is_set() {
    let place = |yaml: &str| load(yaml, &[]).unwrap().config.store.backup_dir;
    assert_eq!(place(""), None);
    assert_eq!(place("engine:\n  store:\n    backup-dir:\n"), None);
    assert_eq!(place("engine:\n  store:\n    backup-dir: \"\"\n"), None);
    assert_eq!(place("engine:\n  store:\n    backup-dir: /b\n"), Some("/b".into()));
    let wrong = load("engine:\n  store:\n    backup-dir: [a]\n", &[]).unwrap_err();
    assert_eq!(wrong, "FILE: seatunnel.engine.store.backup-dir: a list can't be used; allowed: a text");
}

#[test]
fn words_for_true_and_false() {
    for (word, value) in [("yes", true), ("On", true), ("TRUE", true), ("no", false), ("oFF", false)] {
        let loaded = load(&format!("engine:\n  http:\n    allow-anonymous: \"{word}\"\n"), &[]).unwrap();
        assert_eq!(loaded.config.http.allow_anonymous, value, "{word}");
    }
}

#[test]
fn a_value_that_cannot_be_used_is_one_clear_sentence() {
    for (yaml, sentence) in [
        (
            "engine:\n  port: many\n",
            "FILE: seatunnel.engine.http.port: \"many\" can't be used; allowed: a number from 0 to 65535",
        ),
        (
            "engine:\n  slot-service:\n    dynamic-slot: false\n    slot-num: 0\n",
            "FILE: seatunnel.engine.slot-service.slot-num: 0 can't be used; allowed: a number from 1 to 4294967295",
        ),
        (
            "engine:\n  job-schedule-strategy: maybe\n",
            "FILE: seatunnel.engine.job-schedule-strategy: \"maybe\" can't be used; allowed: WAIT, REJECT",
        ),
        (
            "engine:\n  history-job-expire-minutes: -1\n",
            "FILE: seatunnel.engine.history-job-expire-minutes: -1 can't be used; allowed: a number of at least 1",
        ),
        (
            "engine:\n  http:\n    host: no such host\n",
            "FILE: seatunnel.engine.http.host: \"no such host\" can't be used; allowed: an IP address such as \
             127.0.0.1 or 0.0.0.0, or a name of this machine such as localhost",
        ),
        ("engine: 5\n", "FILE: seatunnel.engine is not a section of keys"),
    ] {
        assert_eq!(load(yaml, &[]).unwrap_err(), sentence);
    }
    assert!(load("engine: [\n", &[]).unwrap_err().contains("is no YAML"));
}
