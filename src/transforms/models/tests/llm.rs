//! What chat models are asked, and what becomes of their answers.

use super::service::{Asked, Reply, Seen, Service, chat};
use super::{apply, build, crowd, last, llm, people, start, wait};
use crate::plugin::Out;
use crate::transforms::models::provider::Provider;
use serde_json::{Value, json};
use std::sync::Barrier;

/// Says the name of the row.
fn echo(asked: &Asked, _seen: &Seen) -> Reply {
    let name = asked.rows()[0]["name"].clone();
    chat(json!([name]).to_string())
}

#[test]
fn a_row_is_asked_for_as_it_is_documented() {
    let service = Service::start(echo);
    let batch = apply("LLM", &llm(&service, json!({})), people(&[Some("Jia \"Fan\"\n")])).unwrap();
    assert_eq!(last(&batch), ["Jia \"Fan\"\n"]);
    assert_eq!(batch.table.columns[2].name, "llm_output");
    let asked = service.asked().remove(0);
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/v1/chat/completions"));
    assert_eq!(asked.headers["authorization"], "Bearer sk-hidden");
    assert_eq!(asked.headers["content-type"], "application/json");
    assert_eq!(asked.body["model"], "m-1");
    assert_eq!(asked.body["messages"][0]["role"], "system");
    let prompt = asked.body["messages"][0]["content"].as_str().unwrap();
    assert!(prompt.starts_with("Say it.\n") && prompt.contains("type STRING"), "{prompt}");
    assert_eq!(asked.body["messages"][1]["role"], "user");
    assert_eq!(asked.body["messages"][1]["content"], r#"[{"id":1,"name":"Jia \"Fan\"\n"}]"#);
}

#[test]
fn options_choose_the_columns() {
    let service = Service::start(|_, _| chat("[\"x\"]"));
    let options = llm(&service, json!({"inference_columns": ["name"], "output_column_name": "said"}));
    let batch = apply("LLM", &options, people(&[Some("a"), None])).unwrap();
    assert_eq!(last(&batch), ["x", "-"], "a row without anything to show is not asked for");
    assert_eq!(batch.table.columns[2].name, "said");
    let asked = service.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].rows(), json!([{"name": "a"}]));
    let all = apply("LLM", &llm(&service, json!({"inference_columns": []})), people(&[None])).unwrap();
    assert_eq!(last(&all), ["x"], "the id is shown");
    assert_eq!(service.asked()[1].rows(), json!([{"id": 1, "name": null}]));
}

#[test]
fn answers_become_values_of_the_type() {
    for (kind, content, wanted) in [
        ("STRING", json!("[\"a\", \"b\"]"), Ok("a")),
        ("STRING", json!("```json\n[\"fenced\"]\n```"), Ok("fenced")),
        ("string", json!("[1.50]"), Ok("1.5")),
        ("STRING", json!("[{\"a\": 1}]"), Ok("{\"a\":1}")),
        ("STRING", json!("[null]"), Ok("-")),
        ("INT", json!("[7]"), Ok("7")),
        ("INT", json!("[\" -7 \"]"), Ok("-7")),
        ("INT", json!("[7.5]"), Err("answered 7.5, which is no INT")),
        ("INT", json!("[2147483648]"), Err("is no INT")),
        ("BIGINT", json!("[2147483648]"), Ok("2147483648")),
        ("BIGINT", json!("[\"many\"]"), Err("answered \"many\", which is no BIGINT")),
        ("DOUBLE", json!("[\"2.5\"]"), Ok("2.5")),
        ("DOUBLE", json!("[\"NaN\"]"), Err("is no DOUBLE")),
        ("BOOLEAN", json!("[\"TRUE\"]"), Ok("true")),
        ("BOOLEAN", json!("[false]"), Ok("false")),
        ("BOOLEAN", json!("[\"yes\"]"), Err("which is no BOOLEAN")),
        ("STRING", json!("hello"), Err("answered \"hello\", which is not the JSON array that was asked for")),
        ("STRING", json!("{}"), Err("is JSON, but not the array")),
        ("STRING", json!("[]"), Err("has no element")),
        ("STRING", json!(5), Err("is no text")),
        ("STRING", json!({"x": 1}), Err("is no text")),
    ] {
        let answer = content.clone();
        let service = Service::start(move |_, _| chat(answer.clone()));
        let given = apply("LLM", &llm(&service, json!({"output_data_type": kind})), crowd(1));
        match (given, wanted) {
            (Ok(batch), Ok(wanted)) => assert_eq!(last(&batch), [wanted], "{kind} {content}"),
            (Err(fault), Err(part)) => assert!(fault.message.contains(part), "{kind} {content}: {fault}"),
            (given, _) => panic!("{kind} {content}: {given:?}"),
        }
    }
    let service = Service::start(|_, _| chat("[\"yes\"]"));
    let lax = json!({"output_data_type": "BOOLEAN", "strict_boolean_output": false});
    assert_eq!(last(&apply("LLM", &llm(&service, lax), crowd(1)).unwrap()), ["false"]);
}

/// Each request waits until so many are there.
fn meeting(size: usize) -> Service {
    let barrier = Barrier::new(size);
    Service::start(move |asked, seen| {
        barrier.wait();
        echo(asked, seen)
    })
}

#[test]
fn requests_are_under_way_together_and_never_more_than_the_limit() {
    for (options, at_once) in [
        (json!({}), 8),
        (json!({"model_max_concurrent_requests": 3}), 3),
        (json!({"process_batch_size": 4}), 4),
        (json!({"inference_batch_size": 2, "model_max_concurrent_requests": 5}), 2),
    ] {
        let service = meeting(at_once);
        let batch = apply("LLM", &llm(&service, options.clone()), crowd(at_once * 5)).unwrap();
        let wanted: Vec<String> = (1..=at_once * 5).map(|number| format!("p{number}")).collect();
        assert_eq!(last(&batch), wanted, "{options}: the order of the rows");
        assert_eq!(service.most(), at_once, "{options}");
        assert_eq!(service.asked().len(), at_once * 5);
    }
}

#[test]
fn the_limit_is_that_of_all_instances_together() {
    let service = meeting(2);
    let def = build("LLM", &llm(&service, json!({"model_max_concurrent_requests": 2}))).unwrap();
    let (one, other) = (crowd(6), crowd(6));
    let (mut first, mut second) = (Out::default(), Out::default());
    wait(async {
        let mut instances = (start(&def, &one).unwrap(), start(&def, &other).unwrap());
        let both = futures::join!(instances.0.apply(one, &mut first), instances.1.apply(other, &mut second));
        both.0.and(both.1).unwrap();
    });
    assert_eq!(last(&first.batches()[0]), last(&second.batches()[0]));
    assert_eq!((service.most(), service.asked().len()), (2, 12));
}

#[test]
fn a_slow_answer_holds_up_no_other_and_keeps_its_place() {
    let service = Service::start(|asked, seen| {
        if asked.rows()[0]["id"] == 1 {
            seen.wait_for_requests(6);
        }
        echo(asked, seen)
    });
    let batch = apply("LLM", &llm(&service, json!({"model_max_concurrent_requests": 2})), crowd(6)).unwrap();
    assert_eq!(last(&batch), ["p1", "p2", "p3", "p4", "p5", "p6"]);
}

#[test]
fn microsoft_has_the_model_in_its_url() {
    let service = Service::start(echo);
    let url = format!("{}/deployments/${{model}}/chat?api-version=1", service.url);
    let options = llm(&service, json!({"model_provider": "microsoft", "api_path": url}));
    assert_eq!(last(&apply("LLM", &options, crowd(1)).unwrap()), ["p1"]);
    let asked = service.asked().remove(0);
    assert_eq!(asked.path, "/deployments/m-1/chat?api-version=1");
    assert_eq!(asked.body["model"], Value::Null);
    for provider in ["DOUBAO", "DEEPSEEK", "KIMIAI", "ZHIPU", "QIANFAN"] {
        let options = llm(&service, json!({"model_provider": provider}));
        assert_eq!(last(&apply("LLM", &options, crowd(1)).unwrap()), ["p1"]);
        assert_eq!(service.asked().pop().unwrap().body["model"], "m-1", "{provider}");
    }
}

fn custom(service: &Service, parse: &str) -> Value {
    llm(
        service,
        json!({"model_provider": "CUSTOM", "api_key": null, "custom_config": {
            "custom_response_parse": parse,
            "custom_request_headers": {"Authorization": "Own key-9", "X-Team": "a"},
            "custom_request_body": {"m": "${model}", "n": 1, "parts": ["is ${prompt}", {"in": "<${input}>"}], "k": "${other}"}
        }}),
    )
}

#[test]
fn a_service_of_its_own_kind_is_asked_as_the_job_says() {
    let service = Service::start(|_, _| {
        Reply::Json(
            json!({"a": [{"b": "[\"x ${model}\", 2]"}, {"b": "no"}], "c": [5], "d": "plain", "e": []}),
        )
    });
    for (parse, wanted) in
        [("$.a[*].b", "x ${model}"), ("a[0].b", "x ${model}"), ("$.c", "5"), ("$.d", "plain")]
    {
        let batch = apply("LLM", &custom(&service, parse), people(&[Some("${model}")])).unwrap();
        assert_eq!(last(&batch), [wanted], "{parse}");
    }
    for parse in ["$.z", "$.e"] {
        let fault = apply("LLM", &custom(&service, parse), crowd(1)).unwrap_err();
        assert!(fault.message.contains("lacks what custom_response_parse asks for: {\"a\""), "{fault}");
    }
    let asked = service.asked().remove(0);
    assert_eq!(asked.headers["authorization"], "Own key-9");
    assert_eq!(
        (asked.headers["x-team"].as_str(), asked.headers["content-type"].as_str()),
        ("a", "application/json")
    );
    let body = &asked.body;
    assert_eq!((&body["m"], &body["n"], &body["k"]), (&json!("m-1"), &json!(1), &json!("${other}")));
    assert!(body["parts"][0].as_str().unwrap().starts_with("is Say it.\n"), "{body}");
    assert_eq!(
        body["parts"][1]["in"], r#"<[{"id":1,"name":"${model}"}]>"#,
        "what is filled in is not looked at again"
    );
}

#[test]
fn every_provider_has_its_place_unless_only_the_job_knows() {
    for (provider, chat, embeddings) in [
        (Provider::OpenAi, "api.openai.com/v1/chat/completions", "api.openai.com/v1/embeddings"),
        (
            Provider::Doubao,
            "ark.cn-beijing.volces.com/api/v3/chat/completions",
            "ark.cn-beijing.volces.com/api/v3/embeddings",
        ),
        (Provider::DeepSeek, "api.deepseek.com/chat/completions", ""),
        (Provider::KimiAi, "api.moonshot.cn/v1/chat/completions", ""),
        (
            Provider::Zhipu,
            "open.bigmodel.cn/api/paas/v4/chat/completions",
            "open.bigmodel.cn/api/paas/v4/embeddings",
        ),
        (
            Provider::Qianfan,
            "qianfan.baidubce.com/v2/chat/completions",
            "aip.baidubce.com/rpc/2.0/ai_custom/v1/wenxinworkshop/embeddings",
        ),
        (Provider::Microsoft, "", ""),
        (Provider::Custom, "", ""),
    ] {
        let plain = |path: Option<&'static str>| path.map_or("", |path| path.trim_start_matches("https://"));
        assert_eq!((plain(provider.chat_path()), plain(provider.embeddings_path())), (chat, embeddings));
    }
}
