//! Each function against its plain reading, on any values, nulls in every place, as literals and as columns.

use super::calls::{Argued, Given, run};
use super::reference as plain;
use proptest::prelude::*;

/// Short texts of few different characters: of one, two, three and four bytes, blanks, digits.
fn text() -> impl Strategy<Value = Given> {
    let part =
        prop::sample::select(vec!["a", "b", "A", "ab", " ", "0", "é", "ß", "你", "😀", "H", "s", "\n"]);
    prop_oneof![
        1 => Just(Given::Null),
        9 => prop::collection::vec(part, 0..7).prop_map(|parts| Given::Text(parts.concat())),
    ]
}

fn small() -> impl Strategy<Value = Given> {
    prop_oneof![1 => Just(Given::Null), 9 => (-4_i64..12).prop_map(Given::Whole)]
}

fn number() -> impl Strategy<Value = Given> {
    let edges = vec![i64::MIN, i64::MAX, i64::from(i32::MIN), i64::from(i32::MAX), 65_536, 55_357];
    prop_oneof![6 => small(), 1 => prop::sample::select(edges).prop_map(Given::Whole)]
}

/// Rows, and which arguments are one literal: the first row's value.
fn rows(arguments: Vec<BoxedStrategy<Given>>) -> impl Strategy<Value = (Vec<Vec<Given>>, u8)> {
    (prop::collection::vec(arguments, 1..5), any::<u8>())
}

/// The values of the arguments in each row against what they give.
fn check(
    name: &str,
    rows: &[Vec<Given>],
    literals: u8,
    reading: impl Fn(&[&Given]) -> Option<String>,
) -> Result<(), TestCaseError> {
    let is_literal = |index: usize| literals >> index & 1 == 1;
    let value = |row: usize, index: usize| &rows[if is_literal(index) { 0 } else { row }][index];
    let arguments: Vec<Argued> = (0..rows[0].len())
        .map(|index| match is_literal(index) {
            true => Argued::Literal(value(0, index).clone()),
            false => Argued::Column((0..rows.len()).map(|row| value(row, index).clone()).collect()),
        })
        .collect();
    let wanted: Vec<Option<String>> = (0..rows.len())
        .map(|row| reading(&(0..rows[0].len()).map(|i| value(row, i)).collect::<Vec<_>>()))
        .collect();
    let given = run(name, &arguments, rows.len()).map_err(TestCaseError::fail)?;
    prop_assert_eq!(given, wanted, "{} {:?} literals {:b}", name, rows, literals);
    Ok(())
}

fn t(value: &Given) -> Option<&str> {
    match value {
        Given::Text(text) => Some(text),
        _ => None,
    }
}

fn n(value: &Given) -> Option<i64> {
    match value {
        Given::Whole(number) => Some(*number),
        _ => None,
    }
}

proptest! {
    #[test]
    fn of_one_text((rows, literals) in rows(vec![text().boxed()])) {
        check("ASCII", &rows, literals, |a| plain::ascii(t(a[0])?).map(|code| code.to_string()))?;
        check("LENGTH", &rows, literals, |a| Some(t(a[0])?.encode_utf16().count().to_string()))?;
        check("OCTET_LENGTH", &rows, literals, |a| Some(t(a[0])?.len().to_string()))?;
        check("BIT_LENGTH", &rows, literals, |a| Some((t(a[0])?.len() * 8).to_string()))?;
        check("LOWER", &rows, literals, |a| Some(t(a[0])?.chars().flat_map(char::to_lowercase).collect()))?;
        check("UPPER", &rows, literals, |a| Some(t(a[0])?.chars().flat_map(char::to_uppercase).collect()))?;
        check("RAWTOHEX", &rows, literals, |a| Some(plain::raw_to_hex(t(a[0])?)))?;
        check("SOUNDEX", &rows, literals, |a| Some(plain::soundex(t(a[0])?)))?;
        check("TO_BASE64", &rows, literals, |a| Some(plain::base64(t(a[0])?.as_bytes())))?;
        check("MURMUR64", &rows, literals, |a| Some(plain::murmur(t(a[0])?.as_bytes()).to_string()))?;
        check("CONCAT", &rows, literals, |a| Some(t(a[0]).unwrap_or_default().to_owned()))?;
    }

    #[test]
    fn back_and_forth((rows, literals) in rows(vec![text().boxed()])) {
        let encoded = |encode: fn(&str) -> String| -> Vec<Vec<Given>> {
            let row = |row: &Vec<Given>| vec![t(&row[0]).map_or(Given::Null, |text| Given::Text(encode(text)))];
            rows.iter().map(row).collect()
        };
        let first = |row: usize| t(&rows[if literals & 1 == 1 { 0 } else { row }][0]).map(str::to_owned);
        let wanted: Vec<Option<String>> = (0..rows.len()).map(first).collect();
        for (name, encode) in [("HEXTORAW", plain::raw_to_hex as fn(&str) -> String), ("FROM_BASE64", |text| plain::base64(text.as_bytes()))] {
            let given = encoded(encode);
            let argument = match literals & 1 {
                1 => Argued::Literal(given[0][0].clone()),
                _ => Argued::Column(given.iter().map(|row| row[0].clone()).collect()),
            };
            prop_assert_eq!(run(name, &[argument], rows.len()), Ok(wanted.clone()), "{}", name);
        }
    }

    #[test]
    fn of_long_sums(bytes in prop::collection::vec(any::<char>(), 0..40)) {
        let text: String = bytes.into_iter().collect();
        let given = run("MURMUR64", &[Argued::Literal(Given::Text(text.clone()))], 1);
        prop_assert_eq!(given, Ok(vec![Some(plain::murmur(text.as_bytes()).to_string())]));
        let hex = plain::raw_to_hex(&text);
        prop_assert_eq!(plain::hex_to_raw(&hex), Some(text));
    }

    #[test]
    fn of_one_number((rows, literals) in rows(vec![number().boxed()])) {
        check("CHAR", &rows, literals, |a| Some(plain::char_of(n(a[0])?)))?;
    }

    #[test]
    fn of_a_small_number((rows, literals) in rows(vec![small().boxed()])) {
        check("SPACE", &rows, literals, |a| Some(plain::repeat(" ", n(a[0])?)))?;
    }

    #[test]
    fn of_a_text_and_a_number((rows, literals) in rows(vec![text().boxed(), number().boxed()])) {
        check("LEFT", &rows, literals, |a| Some(plain::left(t(a[0])?, n(a[1])?)))?;
        check("RIGHT", &rows, literals, |a| Some(plain::right(t(a[0])?, n(a[1])?)))?;
        check("SUBSTRING", &rows, literals, |a| plain::substring(t(a[0])?, n(a[1])?, None))?;
    }

    #[test]
    fn of_a_text_and_two_numbers((rows, literals) in rows(vec![text().boxed(), number().boxed(), number().boxed()])) {
        check("SUBSTR", &rows, literals, |a| plain::substring(t(a[0])?, n(a[1])?, n(a[2])))?;
    }

    #[test]
    fn of_a_text_and_a_small_number((rows, literals) in rows(vec![text().boxed(), small().boxed(), text().boxed()])) {
        check("LPAD", &rows, literals, |a| Some(plain::pad(t(a[0])?, n(a[1])?, t(a[2]), true)))?;
        check("RPAD", &rows, literals, |a| Some(plain::pad(t(a[0])?, n(a[1])?, t(a[2]), false)))?;
        let two: Vec<Vec<Given>> = rows.iter().map(|row| row[..2].to_vec()).collect();
        check("RPAD", &two, literals, |a| Some(plain::pad(t(a[0])?, n(a[1])?, None, false)))?;
        check("REPEAT", &two, literals, |a| Some(plain::repeat(t(a[0])?, n(a[1])?)))?;
    }

    #[test]
    fn of_two_texts((rows, literals) in rows(vec![text().boxed(), text().boxed()])) {
        check("LOCATE", &rows, literals, |a| match (t(a[0]), t(a[1])) {
            (_, None) => Some("0".into()),
            (search, Some(text)) => Some(plain::locate(search?, text, 1).to_string()),
        })?;
        check("POSITION", &rows, literals, |a| match (t(a[0]), t(a[1])) {
            (_, None) => Some("0".into()),
            (search, Some(text)) => Some(plain::locate(search?, text, 1).to_string()),
        })?;
        check("TRIM", &rows, literals, |a| Some(plain::trim(t(a[0])?, t(a[1]), true, true)))?;
        check("LTRIM", &rows, literals, |a| Some(plain::trim(t(a[0])?, t(a[1]), true, false)))?;
        check("RTRIM", &rows, literals, |a| Some(plain::trim(t(a[0])?, t(a[1]), false, true)))?;
        check("REPLACE", &rows, literals, |a| Some(plain::replace(t(a[0])?, t(a[1])?, "")))?;
        check("SPLIT", &rows, literals, |a| {
            Some(format!("[{}]", plain::split(t(a[0])?, t(a[1])?)?.join("|")))
        })?;
        check("REGEXP_LIKE", &rows, literals, |a| Some(t(a[0])?.contains(t(a[1])?).to_string()))?;
        check("REGEXP_SUBSTR", &rows, literals, |a| {
            let (text, search) = (t(a[0])?, t(a[1])?);
            text.contains(search).then(|| search.to_owned())
        })?;
    }

    #[test]
    fn of_json((rows, literals) in rows(vec![text().boxed(), text().boxed()])) {
        // a text in a list in an object, and its name
        let json = |row: &Vec<Given>| {
            let json = serde_json::json!({ "x": 1, t(&row[1]).unwrap_or("x"): [t(&row[0])] });
            let path = t(&row[1]).map_or(Given::Null, |name| Given::Text(format!("$['{name}'][0]")));
            vec![Given::Text(json.to_string()), path]
        };
        let calls: Vec<Vec<Given>> = rows.iter().map(json).collect();
        check("GET_JSON_OBJECT", &calls, literals, |a| {
            let json: serde_json::Value = serde_json::from_str(t(a[0])?).ok()?;
            let name = t(a[1])?.strip_prefix("$['")?.strip_suffix("'][0]")?;
            Some(json.get(name)?.get(0)?.as_str()?.to_owned())
        })?;
    }

    #[test]
    fn of_places((rows, literals) in rows(vec![text().boxed(), text().boxed(), number().boxed()])) {
        let place = |search: &Given, text: &Given, start: &Given| match t(text) {
            None => Some("0".into()),
            Some(text) => Some(plain::locate(t(search)?, text, n(start)?).to_string()),
        };
        check("LOCATE", &rows, literals, |a| place(a[0], a[1], a[2]))?;
        check("INSTR", &rows, literals, |a| place(a[1], a[0], a[2]))?;
    }

    #[test]
    fn of_three_texts((rows, literals) in rows(vec![text().boxed(), text().boxed(), text().boxed()])) {
        check("REPLACE", &rows, literals, |a| Some(plain::replace(t(a[0])?, t(a[1])?, t(a[2]).unwrap_or(""))))?;
        check("TRANSLATE", &rows, literals, |a| Some(plain::translate(t(a[0])?, t(a[1])?, t(a[2]).unwrap_or(""))))?;
        check("CONCAT_WS", &rows, literals, |a| Some(plain::concat_ws(t(a[0]), &[t(a[1]), t(a[2])])))?;
        check("CONCAT", &rows, literals, |a| Some(plain::concat_ws(None, &[t(a[0]), t(a[1]), t(a[2])])))?;
        check("REGEXP_REPLACE", &rows, literals, |a| {
            let (text, search, new) = (t(a[0])?, t(a[1])?, t(a[2])?);
            Some(match search {
                "" => text.chars().map(|c| format!("{new}{c}")).chain([new.to_owned()]).collect(),
                search => plain::replace(text, search, new),
            })
        })?;
    }

    #[test]
    fn of_an_insertion(
        (rows, literals) in rows(vec![text().boxed(), number().boxed(), number().boxed(), text().boxed()])
    ) {
        check("INSERT", &rows, literals, |a| {
            let (start, length) = (n(a[1])?, n(a[2])?);
            match (t(a[0]), t(a[3])) {
                (Some(text), Some(new)) => Some(plain::insert(text, start, length, new)),
                (text, new) => text.or(new).map(str::to_owned),
            }
        })?;
    }
}
