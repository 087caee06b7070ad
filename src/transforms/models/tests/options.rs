//! What is wrong with the options is told when a job is submitted.

use super::service::{Service, chat, vectors};
use super::{apply, build, crowd, embedding, last, llm};
use crate::table::{CatalogTable, Column, DataType, TablePath};
use serde_json::{Value, json};

fn table() -> CatalogTable {
    let columns = [("id", "int"), ("name", "string"), ("list", "array<int>"), ("vec", "float_vector")];
    let columns = columns.map(|(name, text)| Column::new(name, DataType::parse(text).unwrap()));
    CatalogTable::new("Test", TablePath::parse("db.people", false).unwrap(), columns.to_vec())
}

fn problems(name: &str, options: &Value) -> String {
    let built = build(name, options).and_then(|def| def.schema(&table()).map(|_| ()));
    built.err().unwrap_or_default().join("\n")
}

#[test]
fn problems_name_the_option_and_the_way_out() {
    let service = Service::start(|_, _| chat("[1]"));
    let custom = json!({"custom_response_parse": "$.a", "custom_request_body": {"a": "${input}"}});
    let chats = [
        (json!({"model_provider": null}), "t.model_provider: is required"),
        (
            json!({"model_provider": "OPENIA"}),
            "allowed: OPENAI, DOUBAO, DEEPSEEK, KIMIAI, MICROSOFT, ZHIPU, QIANFAN, CUSTOM (did you mean \"OPENAI\"?)",
        ),
        (json!({"model_provider": "amazon"}), "AMAZON is not supported: its requests must be signed"),
        (json!({"model": null}), "t.model: is required"),
        (json!({"prompt": null}), "t.prompt: is required"),
        (json!({"api_key": null}), "t.api_key: is required with OPENAI"),
        (json!({"api_key": "a\nb"}), "t.api_key: has a character that can't be sent"),
        (json!({"model_provider": "MICROSOFT", "api_path": null}), "t.api_path: is required with MICROSOFT"),
        (
            json!({"model_provider": "CUSTOM", "api_path": " ", "custom_config": custom}),
            "t.api_path: is required with CUSTOM",
        ),
        (
            json!({"api_path": "ftp://x:1/a?key=s3cret"}),
            "t.api_path: \"ftp://x:1/a\" can't be called (its scheme is ftp); allowed: an http:// or https:// URL",
        ),
        (json!({"api_path": "u:s3cret@host/v1"}), "t.api_path: \"host/v1\" can't be called"),
        (
            json!({"api_path": "/v1/chat"}),
            "t.api_path: \"/v1/chat\" can't be called (relative URL without a base)",
        ),
        (
            json!({"inference_columns": ["id", "nam"]}),
            "inference_columns: table db.people has no column \"nam\"; it has id, name, list, vec; did you mean \"name\"?",
        ),
        (json!({}), "inference_columns: column \"vec\": FLOAT_VECTOR can't be written as JSON"),
        (
            json!({"output_column_name": "id", "inference_columns": ["id"]}),
            "output_column_name: table db.people has a column \"id\" already",
        ),
        (json!({"output_data_type": "FLOAT"}), "allowed: STRING, INT, BIGINT, DOUBLE, BOOLEAN"),
        (json!({"process_batch_size": 0}), "t.process_batch_size: 0 is too small; allowed: 1 and more"),
        (json!({"model_max_concurrent_requests": 0}), "t.model_max_concurrent_requests: 0 is too small"),
        (json!({"model_retry_max_attempts": -1}), "t.model_retry_max_attempts: -1 is too small"),
        (
            json!({"model_retry_backoff_ms": -1}),
            "t.model_retry_backoff_ms: -1 is too small; allowed: 0 and more",
        ),
        (json!({"model_retry_max_backoff_ms": -1}), "t.model_retry_max_backoff_ms: -1 is too small"),
        (json!({"model_request_timeout_ms": 0}), "t.model_request_timeout_ms: 0 is too small"),
        (
            json!({"model_provider": "CUSTOM"}),
            "t.custom_config.custom_response_parse: is required with CUSTOM",
        ),
        (json!({"model_provider": "CUSTOM"}), "t.custom_config.custom_request_body: is required with CUSTOM"),
        (
            json!({"model_provider": "CUSTOM", "custom_config": {"custom_response_parse": "$[", "custom_request_body": {"a": "${input}"}}}),
            "custom_response_parse: \"$[\" is no JSONPath",
        ),
        (
            json!({"model_provider": "CUSTOM", "custom_config": {"custom_response_parse": "$.a", "custom_request_body": {"a": ["x", 1]}}}),
            "custom_request_body: has no ${input}",
        ),
        (
            json!({"model_provider": "CUSTOM", "custom_config": {"custom_response_parse": "$.a", "custom_request_body": {"a": "${input}"}, "custom_request_headers": {"X-Key": "s3cret\n"}}}),
            "custom_request_headers: \"X-Key\" can't be sent",
        ),
        (
            json!({"model_provider": "CUSTOM", "custom_config": {"custom_request_headers": "Bearer s3cret"}}),
            "custom_request_headers: a text is not an object",
        ),
    ];
    for (more, wanted) in chats {
        let given = problems("LLM", &llm(&service, more.clone()));
        assert!(given.contains(wanted), "{more}: {given}");
        assert!(!given.contains("s3cret"), "{given}");
    }
    let embeddings = [
        (json!({"model_provider": "KIMIAI"}), "allowed: OPENAI, DOUBAO, ZHIPU, QIANFAN, CUSTOM"),
        (json!({"model_provider": "AMAZON"}), "AMAZON is not supported"),
        (json!({"vectorization_fields": null}), "t.vectorization_fields: is required"),
        (json!({"vectorization_fields": {}}), "t.vectorization_fields: names no column"),
        (
            json!({"vectorization_fields": {"v": {"field": "name", "modality": "jpeg"}}}),
            "t.vectorization_fields.v: {\"field\":\"name\",\"modality\":\"jpeg\"} must be the name of a column",
        ),
        (
            json!({"vectorization_fields": {"v": "nam"}}),
            "vectorization_fields.v: table db.people has no column \"nam\"",
        ),
        (
            json!({"vectorization_fields": {"v": "list"}}),
            "vectorization_fields.v: column \"list\" is ARRAY<INT>",
        ),
        (json!({"single_vectorized_input_number": 0}), "t.single_vectorized_input_number: 0 is too small"),
        (
            json!({"model_provider": "ZHIPU", "single_vectorized_input_number": 65}),
            "65 is too large; ZHIPU takes 1 to 64",
        ),
        (json!({"dimension": 0}), "t.dimension: 0 is too small"),
        (json!({"model_provider": "QIANFAN"}), "t.secret_key: is required with QIANFAN"),
        (
            json!({"model_provider": "QIANFAN", "secret_key": "s", "oauth_path": "nowhere"}),
            "t.oauth_path: \"nowhere\" can't be called",
        ),
        (
            json!({"model_provider": "CUSTOM", "single_vectorized_input_number": 2, "custom_config": custom}),
            "t.single_vectorized_input_number: must be 1",
        ),
    ];
    for (more, wanted) in embeddings {
        let given = problems("Embedding", &embedding(&service, more.clone()));
        assert!(given.contains(wanted), "{more}: {given}");
    }
}

#[test]
fn paths_have_defaults_and_an_older_name() {
    let service = Service::start(|asked, _| if asked.path == "/chat" { chat("[1]") } else { vectors(asked) });
    for name in ["LLM", "Embedding"] {
        for provider in ["OPENAI", "DOUBAO", "ZHIPU"] {
            let make = if name == "LLM" { llm } else { embedding };
            assert!(
                build(name, &make(&service, json!({"api_path": null, "model_provider": provider}))).is_ok()
            );
        }
    }
    let keys = json!({"api_path": null, "model_provider": "QIANFAN", "secret_key": "s"});
    assert!(build("Embedding", &embedding(&service, keys)).is_ok(), "oauth_path has a default too");
    let older = json!({"api_path": null, "openai": {"api_path": format!("{}/chat", service.url)}});
    assert_eq!(last(&apply("LLM", &llm(&service, older), crowd(1)).unwrap()), ["1"]);
}
