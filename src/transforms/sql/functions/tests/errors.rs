//! Calls that are refused, and values that can't be used.

use super::calls::{Argued, Given, result, run};

#[test]
fn calls_that_are_refused() {
    for (call, wanted) in [
        ("LENGTH()", "LENGTH takes 1 argument, 0 given: CHAR_LENGTH(text)"),
        ("LPAD('a')", "LPAD takes 2 or 3 arguments, 1 given: LPAD(text, length[, pad])"),
        ("INSERT('a', 1, 1)", "INSERT takes 4 arguments, 3 given: INSERT(text, start, length, new)"),
        ("REGEXP_SUBSTR('a')", "REGEXP_SUBSTR takes 2 to 6 arguments, 1 given"),
        ("CONCAT()", "CONCAT takes at least 1 argument, 0 given: CONCAT(value, …)"),
        ("UUID(1)", "UUID takes no arguments, 1 given: UUID()"),
        ("POSITION('a', 'b', 1)", "POSITION takes 2 arguments, 3 given"),
        ("LEFT('a', true)", "argument 2 of LEFT is BOOLEAN; allowed is a number"),
        ("REPEAT('a', ts'2021-04-08 13:34:00')", "argument 2 of REPEAT is TIMESTAMP; allowed is a number"),
        ("CHR(x'41')", "argument 1 of CHR is BYTES; allowed is a number"),
        ("LEFT('a', 'b')", "argument 2 of LEFT is \"b\", which is no number"),
        ("REGEXP_LIKE('a', 'b(')", "\"b(\" is no regular expression: Parsing error at position 2"),
        ("REGEXP_LIKE('a', 'b', 'ix')", "'x' in \"ix\" is no flag; flags are i"),
        ("REGEXP_REPLACE('a', '(b)', '$2')", "the replacement \"$2\" names group 2, the pattern has 1"),
        ("REGEXP_REPLACE('a', 'b', '$')", "the replacement \"$\" holds a $ without a group number"),
        ("REGEXP_REPLACE('a', 'b', 'x', 'g')", "'g' in \"g\" is no flag"),
        ("REGEXP_SUBSTR('a', '(b)', 1, 1, NULL, 2)", "REGEXP_SUBSTR is to give group 2, the pattern has 1"),
        ("REGEXP_SUBSTR('a', '(b)', 1, 1, NULL, -1)", "REGEXP_SUBSTR is to give group -1, the pattern has 1"),
        ("SPLIT('a', '[')", "\"[\" is no regular expression"),
        ("TO_BASE64(x'00', 'UTF-8')", "TO_BASE64 takes no encoding for BYTES"),
        ("TO_BASE64('a', 'utf-9')", "\"utf-9\" is no known encoding"),
        ("AES_ENCRYPT('a', NULL)", "the key of AES_ENCRYPT is null"),
        ("AES_ENCRYPT('a', ' ')", "the key of AES_ENCRYPT is blank"),
        ("AES_ENCRYPT('a', 'base64:YWI=')", "the key of AES_ENCRYPT has 2 bytes; a key has 16, 24 or 32"),
        ("AES_ENCRYPT('a', 'base64:~')", "the key of AES_ENCRYPT is no base64 behind base64:"),
        ("AES_ENCRYPT('a', 'k', 'short')", "the vector of AES_ENCRYPT has 5 bytes; it has 16"),
        ("AES_ENCRYPT('a', 'k', NULL)", "the vector of AES_ENCRYPT is null"),
        ("AES_ENCRYPT(x'00', 'k')", "argument 1 of AES_ENCRYPT is BYTES; allowed is a text"),
        ("AES_DECRYPT('~', 'k')", "what AES_DECRYPT is to decrypt is no base64"),
        ("AES_DECRYPT('YWI=', 'k')", "has 2 bytes, too few for a vector of 16"),
        ("AES_DECRYPT('s3gLTy+Fbl5BZVRVK1iUeg==', 'k')", "AES_DECRYPT can't decrypt a text"),
        ("HEXTORAW('004')", "HEXTORAW takes four hexadecimal digits for each character, not \"004\""),
        ("HEXTORAW('00g1')", "not \"00g1\""),
        ("FROM_BASE64('a b')", "FROM_BASE64 can't read \"a b\""),
        (
            "REPEAT('ab', 2147483647)",
            "REPEAT would give a text of 4294967294 bytes; a text that a function makes may have 64 MiB",
        ),
        ("REPEAT('ab', 9223372036854775807)", "REPEAT would give a text of 18446744073709551614 bytes"),
        ("SPACE(2147483647)", "SPACE would give a text of 2147483647 bytes"),
        ("LPAD('ab', 2147483647)", "LPAD would give a text of"),
        ("RPAD('ab', 9223372036854775807, '你')", "RPAD would give a text of"),
    ] {
        let error = result(call).unwrap_err();
        assert!(error.contains(wanted), "{call}: {error}");
    }
}

fn column(value: &str) -> Argued {
    Argued::Column(vec![Given::Text(value.into()); 2])
}

#[test]
fn values_of_columns_that_cannot_be_used() {
    let long = "x".repeat(100);
    let cut = format!("\"{}\"…", "x".repeat(60));
    let megabyte = || column(&"a".repeat(1 << 20));
    for (name, arguments, wanted) in [
        (
            "LEFT",
            vec![column("a"), column(&long)],
            format!("argument 2 of LEFT is {cut}, which is no number"),
        ),
        ("HEXTORAW", vec![column(&long)], cut.clone()),
        ("REGEXP_LIKE", vec![column("a"), column("b(")], "no regular expression".into()),
        ("REGEXP_LIKE", vec![column("a"), column("b"), column("?")], "'?' in \"?\" is no flag".into()),
        ("REGEXP_REPLACE", vec![column("a"), column("a"), column("$1")], "names group 1".into()),
        ("REGEXP_LIKE", vec![column(&"a".repeat(60)), column(r"(a+)+\1b")], "was given up on".into()),
        ("TO_BASE64", vec![column("a"), column("utf-9")], "no known encoding".into()),
        ("AES_ENCRYPT", vec![column("a"), column("")], "the key of AES_ENCRYPT is blank".into()),
        ("REPLACE", vec![megabyte(), column("a"), column(&long)], "REPLACE would give a text of".into()),
        (
            "REGEXP_REPLACE",
            vec![megabyte(), column("a"), column(&long)],
            "makes a text longer by more than 64 MiB".into(),
        ),
    ] {
        let error = run(name, &arguments, 2).unwrap_err();
        assert!(error.contains(&wanted), "{name}: {error}");
    }
}

#[test]
fn no_error_shows_a_secret() {
    for call in [
        "AES_ENCRYPT('plain', 'base64:hidden==')",
        "AES_DECRYPT('aGlkZGVu', 'hidden')",
        "AES_ENCRYPT('plain', 'hidden', 'hidden')",
        "AES_DECRYPT('hidden!', 'hidden', 'hidden0123456789')",
    ] {
        let error = result(call).unwrap_err();
        assert!(!error.contains("hidden") && !error.contains("plain") && !error.contains("aGlk"), "{error}");
    }
}
