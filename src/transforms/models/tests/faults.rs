//! A service that is down, slow, busy, broken, chatty or somebody else.

use super::service::{Reply, Service, chat};
use super::{apply, build, crowd, last, llm, start, wait};
use crate::model::{Fault, Retry};
use crate::plugin::Out;
use crate::runtime::thread;
use futures::FutureExt;
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// The fault when each request is answered so, and how many requests there were.
fn fault(more: serde_json::Value, reply: impl Fn() -> Reply + Send + Sync + 'static) -> (Fault, usize) {
    let service = Service::start(move |_, _| reply());
    let fault = apply("LLM", &llm(&service, more), crowd(1)).unwrap_err();
    let text = fault.to_string();
    assert!(
        text.starts_with(
            "row 1 of table db.people (id = 1, name = \"p1\"): column \"llm_output\", model m-1 of OPENAI: "
        ),
        "{text}"
    );
    assert!(!text.contains("sk-hidden"), "{text}");
    (fault, service.asked().len())
}

#[test]
fn statuses_say_who_has_to_act() {
    let error = |text: &str| json!({"error": {"message": text}});
    let said = error("Incorrect key sk-hidden\n given");
    for (status, body, wanted, tries, retry) in [
        (
            401,
            said.clone(),
            "refuses the credentials of the job (401 Unauthorized): Incorrect key ****** given",
            1,
            Retry::Never,
        ),
        (403, said, "refuses the credentials of the job (403 Forbidden)", 1, Retry::Never),
        (404, json!({"no": "such"}), "answered 404 Not Found: {\"no\":\"such\"}", 1, Retry::Never),
        (
            307,
            json!(""),
            "is elsewhere (307 Temporary Redirect); redirects are not followed",
            1,
            Retry::Never,
        ),
        (
            429,
            error("slow down"),
            "takes no more requests now (429 Too Many Requests): slow down (tried 4 times)",
            4,
            Retry::May,
        ),
        (500, error(&"x".repeat(500)), "answered 500 Internal Server Error: xxx", 4, Retry::May),
        (503, json!(""), "answered 503 Service Unavailable", 4, Retry::May),
    ] {
        let (fault, asked) =
            fault(json!({}), move || Reply::Status(status, "Location: http://localhost/", body.clone()));
        assert!(fault.message.contains(wanted), "{fault}");
        assert_eq!((asked, fault.retry), (tries, retry), "{fault}");
        assert!(fault.message.len() < 500, "an answer is cut: {fault}");
    }
}

#[test]
fn what_passes_is_tried_again() {
    let busy = |header: &'static str| {
        Service::start(move |asked, _| match asked.number {
            0 => Reply::Status(429, header, json!({})),
            1 => Reply::Status(502, "", json!("")),
            2 => Reply::Cut,
            _ => chat("[\"at last\"]"),
        })
    };
    let service = busy("Retry-After: 0");
    assert_eq!(last(&apply("LLM", &llm(&service, json!({})), crowd(1)).unwrap()), ["at last"]);
    assert_eq!(service.asked().len(), 4);
    let service = busy("");
    let few = apply("LLM", &llm(&service, json!({"model_retry_max_attempts": 2})), crowd(1)).unwrap_err();
    assert!(
        few.message.contains("answered 502 Bad Gateway") && few.message.ends_with("(tried 2 times)"),
        "{few}"
    );
    // An hour is not waited for.
    let service = busy("Retry-After: 3600");
    let begun = Instant::now();
    let options = llm(&service, json!({"model_retry_max_backoff_ms": 1}));
    assert_eq!(last(&apply("LLM", &options, crowd(1)).unwrap()), ["at last"]);
    assert!(begun.elapsed() < Duration::from_secs(30), "nor what the option has by default");
}

#[test]
fn pauses_are_as_long_as_the_service_or_the_job_says() {
    for (header, backoff, least) in [("Retry-After: 1", 1, 1000), ("", 1500, 1500)] {
        let service = Service::start(move |asked, _| match asked.number {
            0 => Reply::Status(503, header, json!("")),
            _ => chat("[1]"),
        });
        let begun = Instant::now();
        apply("LLM", &llm(&service, json!({"model_retry_backoff_ms": backoff})), crowd(1)).unwrap();
        assert!(begun.elapsed() >= Duration::from_millis(least), "{header} {backoff}");
    }
}

#[test]
fn a_bad_answer_is_told_with_its_beginning() {
    for (reply, wanted) in [
        ("<html>sk-hidden</html>", "answered something that is not JSON: <html>******</html>"),
        ("", "answered something that is not JSON: "),
        ("{\"choices\": []}", "lacks choices[0].message.content: {\"choices\":[]}"),
        ("[1]", "lacks choices[0].message.content: [1]"),
    ] {
        let (fault, asked) = fault(json!({}), move || Reply::Text(reply));
        assert!(fault.message.contains(wanted), "{fault}");
        assert_eq!((asked, fault.retry), (1, Retry::May));
    }
    let (huge, _) = fault(json!({}), || Reply::Huge);
    assert!(huge.message.contains("answered more than 16 MiB"), "{huge}");
    let (cut, asked) = fault(json!({}), || Reply::Cut);
    assert!(
        cut.message.contains("the connection to http://127.0.0.1:") && cut.message.contains("broke off"),
        "{cut}"
    );
    assert_eq!(asked, 4);
}

#[test]
fn a_slow_service_is_given_up() {
    let (slow, asked) = fault(json!({"model_request_timeout_ms": 50}), || Reply::Hang);
    assert!(slow.message.ends_with("gave no answer within 50 ms (model_request_timeout_ms)"), "{slow}");
    assert_eq!(asked, 1);
}

#[test]
fn nobody_there_and_no_tls() {
    let service = Service::start(|_, _| chat("[1]"));
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let secret = format!("http://me:pass@{free}/v1?key=hidden");
    let refused = apply("LLM", &llm(&service, json!({"api_path": secret})), crowd(1)).unwrap_err();
    let text = refused.to_string();
    assert!(text.contains(&format!("http://{free}/v1 can't be reached: ")), "{text}");
    assert!(
        text.ends_with("(tried 4 times)") && !text.contains("pass") && !text.contains("hidden"),
        "{text}"
    );
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let encrypted = format!("https://{}/v1", listener.local_addr().unwrap());
    let answers = thread("plain-http", move || {
        let mut stream = listener.accept().unwrap().0;
        stream.read_exact(&mut [0; 100]).unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad\r\n\r\n").unwrap();
        // Until the other side hangs up.
        let _rest = stream.read_to_end(&mut Vec::new());
    });
    let plain = apply("LLM", &llm(&service, json!({"api_path": encrypted})), crowd(1)).unwrap_err();
    answers.unwrap().join().unwrap();
    assert!(plain.message.contains("can't be trusted or speaks no TLS: "), "{plain}");
}

#[test]
fn the_first_fault_ends_the_others() {
    let service = Service::start(|asked, seen| {
        if asked.rows()[0]["id"] == 2 {
            seen.wait_for_requests(3);
            return Reply::Status(400, "", json!("bad row"));
        }
        Reply::Hang
    });
    let fault =
        apply("LLM", &llm(&service, json!({"model_max_concurrent_requests": 3})), crowd(9)).unwrap_err();
    assert!(fault.message.contains("row 2 of table db.people (id = 2, name = \"p2\"): "), "{fault}");
    service.wait_for_nobody();
    assert_eq!(service.asked().len(), 3, "the rest was never asked for");
}

#[test]
fn a_stop_hangs_up_and_leaves_nothing_behind() {
    let service = Service::start(|asked, _| if asked.number < 2 { Reply::Hang } else { chat("[\"later\"]") });
    let def = build("LLM", &llm(&service, json!({"model_max_concurrent_requests": 2}))).unwrap();
    wait(async {
        let mut instance = start(&def, &crowd(4)).unwrap();
        let seen = service.seen();
        let there = crate::runtime::blocking(move || seen.wait_for_requests(2));
        let mut out = Out::default();
        {
            let mut applied = std::pin::pin!(instance.apply(crowd(4), &mut out).fuse());
            let mut there = there.fuse();
            futures::select! {
                ended = applied => panic!("nobody answered, and yet {ended:?}"),
                came = there => came.unwrap(),
            }
        }
        assert!(out.batches().is_empty());
        service.wait_for_nobody();
        instance.apply(crowd(4), &mut out).await.unwrap();
        assert_eq!(last(&out.batches()[0]), ["later"; 4], "no permit was lost");
    });
}
