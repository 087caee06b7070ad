//! The SQL that queries are written in: identifiers in their own letter case, backticks or double quotes around them,
//! no escapes in texts but the doubled quote.

use sqlparser::ast::Expr;
use sqlparser::dialect::{Dialect, Precedence};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

/// See the module.
#[derive(Debug)]
pub(super) struct JobSql;

impl Dialect for JobSql {
    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        matches!(ch, '`' | '"')
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_alphabetic() || matches!(ch, '_' | '$' | '#' | '@')
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_alphanumeric() || matches!(ch, '_' | '$' | '#' | '@')
    }

    /// Words with a syntax of their own. Where that does not fit, the parser would try each as the name of a function
    /// once more, with all that is nested in it: a mistake within thirty levels would be found a billion times.
    fn is_reserved_for_identifier(&self, keyword: Keyword) -> bool {
        matches!(
            keyword,
            Keyword::CASE
                | Keyword::CAST
                | Keyword::CEIL
                | Keyword::CONVERT
                | Keyword::EXISTS
                | Keyword::EXTRACT
                | Keyword::FLOOR
                | Keyword::INTERVAL
                | Keyword::NOT
                | Keyword::OVERLAY
                | Keyword::SAFE_CAST
                | Keyword::SUBSTR
                | Keyword::SUBSTRING
                | Keyword::TRIM
                | Keyword::TRY_CAST
        )
    }

    /// `ARRAY[…]` and `POSITION(…)`, which are read in one way alone for the same reason; both words are names of
    /// functions too, so they can't be reserved.
    fn parse_prefix(&self, parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
        let Token::Word(word) = &parser.peek_token_ref().token else { return None };
        let (is_quoted, keyword) = (word.quote_style.is_some(), word.keyword);
        match (keyword, parser.peek_nth_token_ref(1).token.clone()) {
            _ if is_quoted => None,
            (Keyword::ARRAY, Token::LBracket) => {
                parser.advance_token();
                Some(parser.parse_prefix())
            }
            (Keyword::POSITION, Token::LParen) => {
                Some(position(parser, self.prec_value(Precedence::Between)))
            }
            _ => None,
        }
    }

    fn supports_comma_separated_trim(&self) -> bool {
        true
    }

    fn supports_extract_comma_syntax(&self) -> bool {
        true
    }

    fn allow_extract_custom(&self) -> bool {
        true
    }

    fn allow_extract_single_quotes(&self) -> bool {
        true
    }

    fn supports_select_wildcard_except(&self) -> bool {
        true
    }
}

/// `POSITION(search IN text)`, `POSITION(search, text)`.
fn position(parser: &mut Parser<'_>, before_in: u8) -> Result<Expr, ParserError> {
    parser.advance_token();
    parser.expect_token(&Token::LParen)?;
    let search = parser.parse_subexpr(before_in)?;
    if !parser.consume_token(&Token::Comma) {
        parser.expect_keyword_is(Keyword::IN)?;
    }
    let text = parser.parse_expr()?;
    parser.expect_token(&Token::RParen)?;
    Ok(Expr::Position { expr: Box::new(search), r#in: Box::new(text) })
}
