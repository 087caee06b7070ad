//! `DynamicCompile`: refused, as it runs code of another language; says what to use instead.

use crate::options::{Kind, OptionDef, Options};
use crate::plugin::{TransformDef, TransformFactory};
use std::sync::Arc;

const LANGUAGE: OptionDef = OptionDef::new("compile_language", Kind::Text, "GROOVY, JAVA or SCALA");
const PATTERN: OptionDef = OptionDef::new("compile_pattern", Kind::Text, "SOURCE_CODE or ABSOLUTE_PATH")
    .without_effect("the transform is refused");
const SOURCE: OptionDef =
    OptionDef::new("source_code", Kind::Text, "the code").without_effect("the transform is refused");
const PATH: OptionDef = OptionDef::new("absolute_path", Kind::Text, "a file with the code")
    .without_effect("the transform is refused");

const INSTEAD: &str = "needs a Java machine; use Sql for computed columns and conditions, RegexExtract, Split or \
    Replace for texts, JsonPath for JSON, DataValidator for checks";

pub(super) struct Factory;

impl TransformFactory for Factory {
    fn name(&self) -> &'static str {
        "DynamicCompile"
    }

    fn options(&self) -> &'static [OptionDef] {
        &[LANGUAGE, PATTERN, SOURCE, PATH]
    }

    fn refused(&self) -> Option<&'static str> {
        Some(INSTEAD)
    }

    fn build(&self, options: &Options<'_>) -> Option<Arc<dyn TransformDef>> {
        let language = options.text(&LANGUAGE).unwrap_or_else(|| "Groovy, Java or Scala".into());
        options.error("", format!("runs {language} code, which {INSTEAD}"));
        None
    }
}
