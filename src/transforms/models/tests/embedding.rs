//! What models of vectors are asked, and what becomes of their answers.

use super::service::{Asked, Reply, Seen, Service, vectors};
use super::{apply, crowd, embedding, last, people};
use crate::table::{DataType, VectorKind};
use arrow::array::{Array, AsArray};
use serde_json::{Value, json};
use std::sync::Barrier;

fn ask(asked: &Asked, _seen: &Seen) -> Reply {
    vectors(asked)
}

#[test]
fn vectors_are_appended_and_nulls_stay() {
    let service = Service::start(ask);
    let input = people(&[Some("a"), None, Some("abc")]);
    let batch = apply("Embedding", &embedding(&service, json!({})), input).unwrap();
    assert_eq!(last(&batch), ["[1.0, 0.5]", "-", "[3.0, 0.5]"]);
    assert_eq!(batch.table.columns[2].name, "v");
    assert_eq!(batch.table.columns[2].data_type, DataType::Vector(VectorKind::Float, 0));
    let mut asked = service.asked();
    asked.sort_by_key(|asked| asked.body["input"].to_string());
    assert_eq!(asked[0].body, json!({"model": "e-1", "input": "a"}));
    assert_eq!(asked[0].headers["authorization"], "Bearer sk-hidden");
    assert_eq!(asked.len(), 2);
}

#[test]
fn values_share_requests_row_by_row() {
    let service = Service::start(ask);
    let fields = json!({"vectorization_fields": {"name": "name", "w": "id"}, "single_vectorized_input_number": 3,
        "model_max_concurrent_requests": 1});
    let batch =
        apply("Embedding", &embedding(&service, fields), people(&[Some("abcd"), None, Some("xyz")])).unwrap();
    let names: Vec<&str> = batch.table.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["id", "name", "w"], "a column that is there is replaced in its place");
    assert_eq!(last(&batch), ["[1.0, 0.5]", "[1.0, 0.5]", "[1.0, 0.5]"]);
    let replaced = batch.rows.column(1).as_list::<i32>();
    assert!(replaced.is_null(1) && replaced.value_length(0) == 2);
    assert_eq!(replaced.value(2).as_primitive::<arrow::datatypes::Float32Type>().value(0), 3.0);
    let asked: Vec<Vec<String>> = service.asked().iter().map(Asked::inputs).collect();
    assert_eq!(asked, [vec!["abcd", "1", "2"], vec!["xyz", "3"]]);
}

#[test]
fn a_dimension_is_asked_for_and_checked() {
    let service = Service::start(ask);
    let batch =
        apply("Embedding", &embedding(&service, json!({"dimension": 2})), people(&[None, Some("ab")]))
            .unwrap();
    assert_eq!(last(&batch), ["-", "[2.0, 0.5]"]);
    assert_eq!(batch.table.columns[2].data_type, DataType::Vector(VectorKind::Float, 2));
    assert_eq!(service.asked()[0].body["dimensions"], 2);
    let fault = apply("Embedding", &embedding(&service, json!({"dimension": 3})), crowd(1)).unwrap_err();
    let wanted = "row 1 of table db.people (id = 1, name = \"p1\"): column \"name\", value \"p1\", model e-1 of OPENAI: the vector has dimension 2; the job wants dimension = 3";
    assert_eq!(fault.message, wanted);
    let growing =
        Service::start(|asked, _| Reply::Json(json!({"data": [{"embedding": vec![0.5; asked.number + 1]}]})));
    let options = embedding(&growing, json!({"model_max_concurrent_requests": 1}));
    let fault = apply("Embedding", &options, crowd(2)).unwrap_err();
    assert!(
        fault.message.contains("value \"p2\"") && fault.message.contains("those before it had 1"),
        "{fault}"
    );
}

#[test]
fn requests_are_under_way_together_in_the_order_of_the_rows() {
    for (options, at_once) in [
        (json!({}), 8),
        (json!({"model_max_concurrent_requests": 2}), 2),
        (json!({"process_batch_size": 3}), 3),
    ] {
        let barrier = Barrier::new(at_once);
        let service = Service::start(move |asked, _| {
            barrier.wait();
            let number: f32 = asked.inputs()[0][1..].parse().unwrap();
            Reply::Json(json!({"data": [{"embedding": [number]}]}))
        });
        let batch = apply("Embedding", &embedding(&service, options.clone()), crowd(at_once * 4)).unwrap();
        let wanted: Vec<String> = (1..=at_once * 4).map(|number| format!("[{number}.0]")).collect();
        assert_eq!((last(&batch), service.most()), (wanted, at_once), "{options}");
    }
}

#[test]
fn some_services_want_lists() {
    for provider in ["DOUBAO", "ZHIPU"] {
        let service = Service::start(ask);
        let options = embedding(&service, json!({"model_provider": provider}));
        assert_eq!(last(&apply("Embedding", &options, crowd(1)).unwrap()), ["[2.0, 0.5]"]);
        assert_eq!(service.asked()[0].body, json!({"model": "e-1", "input": ["p1"]}), "{provider}");
    }
}

fn qianfan(service: &Service) -> Value {
    let paths = json!({"model_provider": "QIANFAN", "secret_key": "s3cret", "oauth_path": format!("{}/token", service.url)});
    embedding(service, paths)
}

#[test]
fn qianfan_changes_its_keys_for_a_token_once_and_again_when_it_expires() {
    let service = Service::start(|asked, _| match asked.path.as_str() {
        path if path.starts_with("/token") => {
            Reply::Json(json!({"access_token": format!("t{}", asked.number)}))
        }
        // The token of the first answer has expired already.
        path if path.ends_with("=t0") => Reply::Json(json!({"error_code": 110, "error_msg": "expired"})),
        _ => vectors(asked),
    });
    let batch = apply("Embedding", &qianfan(&service), crowd(9)).unwrap();
    assert!(last(&batch).iter().all(|vector| vector == "[2.0, 0.5]"));
    let asked = service.asked();
    let (tokens, others): (Vec<&Asked>, Vec<&Asked>) = asked.iter().partition(|asked| asked.method == "GET");
    assert_eq!(tokens.len(), 2, "one for all, and one more when it had expired");
    assert_eq!(
        tokens[0].path,
        "/token?grant_type=client_credentials&client_id=sk-hidden&client_secret=s3cret"
    );
    assert!(others.iter().all(|asked| !asked.headers.contains_key("authorization")));
    assert!(others.iter().all(|asked| asked.path.starts_with("/v1/embeddings/e-1?access_token=t")));
    assert!(others.iter().any(|asked| asked.body == json!({"input": ["p9"]})));
}

#[test]
fn what_qianfan_refuses_is_told_without_its_secrets() {
    for (token, answer, wanted) in [
        (
            json!({"error": "s3cret is wrong"}),
            json!({}),
            "lacks access_token: {\"error\":\"****** is wrong\"}",
        ),
        (
            json!({"access_token": "t0k"}),
            json!({"error_code": 17, "error_msg": "t0k has no quota"}),
            "answered error 17: \"****** has no quota\"",
        ),
        (
            json!({"access_token": "t0k"}),
            json!({"error_code": 110, "error_msg": "old"}),
            "answered error 110: \"old\"",
        ),
    ] {
        let service = Service::start(move |asked, _| {
            Reply::Json(if asked.method == "GET" { token.clone() } else { answer.clone() })
        });
        let fault = apply("Embedding", &qianfan(&service), crowd(1)).unwrap_err();
        assert!(fault.message.contains(wanted), "{fault}");
        assert!(
            ["s3cret", "t0k", "sk-hidden"].iter().all(|secret| !fault.to_string().contains(secret)),
            "{fault}"
        );
    }
}

#[test]
fn a_service_of_its_own_kind_is_asked_as_the_job_says() {
    let service = Service::start(|asked, _| {
        let vectors: Vec<Value> = asked.body["texts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|text| json!([text["t"].as_str().unwrap().len(), 1]))
            .collect();
        Reply::Json(
            json!({"all": vectors, "each": vectors.iter().map(|vector| json!({"v": vector})).collect::<Vec<_>>(), "one": [9, 9]}),
        )
    });
    let custom = |parse: &str, inputs: u32| {
        embedding(
            &service,
            json!({"model_provider": "CUSTOM", "api_key": null, "single_vectorized_input_number": inputs,
            "custom_config": {"custom_response_parse": parse, "custom_request_body": {"m": "${model}", "texts": [{"t": "${input}"}]}}}),
        )
    };
    for parse in ["$.all", "$.each[*].v"] {
        assert_eq!(
            last(&apply("Embedding", &custom(parse, 2), people(&[Some("a"), Some("abc")])).unwrap()),
            ["[1.0, 1.0]", "[3.0, 1.0]"],
            "{parse}"
        );
    }
    assert_eq!(service.asked()[0].body, json!({"m": "e-1", "texts": [{"t": "a"}, {"t": "abc"}]}));
    assert_eq!(last(&apply("Embedding", &custom("$.one", 1), crowd(1)).unwrap()), ["[9.0, 9.0]"]);
    let fault = apply("Embedding", &custom("$.none", 1), crowd(1)).unwrap_err();
    assert!(fault.message.contains("lacks what custom_response_parse asks for"), "{fault}");
}

#[test]
fn unusable_answers_name_what_is_wrong() {
    for (answer, wanted) in [
        (json!({}), "lacks the array data: {}"),
        (json!({"data": [{"vector": [1]}]}), "lacks data[*].embedding"),
        (json!({"data": []}), "answered 0 vectors to 2 inputs"),
        (
            json!({"data": [{"embedding": [1]}, {"embedding": [1, "x"]}]}),
            "answered [1,\"x\"], which is no list of numbers",
        ),
        (json!({"data": [{"embedding": [1]}, {"embedding": []}]}), "which is no list of numbers"),
        (
            json!({"data": [{"embedding": [1]}, {"embedding": [1e300]}]}),
            "answered [1e+300], which is no list of numbers",
        ),
        (json!({"data": [{"embedding": "AAAA"}, {"embedding": [1]}]}), "answered \"AAAA\", which is no list"),
    ] {
        let service = Service::start(move |_, _| Reply::Json(answer.clone()));
        let options = embedding(&service, json!({"single_vectorized_input_number": 2}));
        let fault = apply("Embedding", &options, crowd(2)).unwrap_err();
        assert!(
            fault.message.contains(
                "(id = 1, name = \"p1\"): column \"name\", value \"p1\" and 1 more, model e-1 of OPENAI: "
            ),
            "{fault}"
        );
        assert!(fault.message.contains(wanted), "{fault}");
    }
}
