//! The text of a query → its parts; refuses all that is not one SELECT over one table.
//!
//! LATERAL VIEW is cut out of the tokens first, because the job language writes it as no database does; the texts of
//! the items come from the tokens too, because an item without alias is called what was written.

use super::dialect::JobSql;
use super::expression::shown;
use sqlparser::ast::{
    Expr, GroupByExpr, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, Statement,
    TableFactor, WildcardAdditionalOptions,
};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

/// Operators that a query may have: a chain of them is as deep a tree.
const MAX_OPERATORS: usize = 2_000;

/// A query, as it was written.
#[derive(Debug)]
pub(super) struct Parsed {
    /// The table of FROM.
    pub table: String,
    /// What is selected.
    pub items: Vec<Item>,
    /// LATERAL VIEWs, in order.
    pub views: Vec<View>,
    /// The condition of WHERE.
    pub filter: Option<Expr>,
    /// What is accepted but has no effect.
    pub ignored: Vec<&'static str>,
}

/// One item of SELECT.
#[derive(Debug)]
pub(super) enum Item {
    /// `*`.
    All,
    /// An expression, and what it is called.
    Expression { expr: Box<Expr>, name: String, text: String },
}

/// `LATERAL VIEW [OUTER] EXPLODE(expr) [AS] alias`.
#[derive(Debug)]
pub(super) struct View {
    /// The array.
    pub expr: Expr,
    /// Column of its elements.
    pub alias: String,
    /// Whether a row without elements stays.
    pub outer: bool,
}

/// Reads a query.
///
/// # Errors
/// What is wrong, with line and column where they are known.
pub(super) fn parse(query: &str) -> Result<Parsed, String> {
    let mut tokens =
        Tokenizer::new(&JobSql, query).tokenize_with_location().map_err(|e| placed(&e.to_string()))?;
    tokens.retain(|t| !matches!(t.token, Token::Whitespace(_)));
    let operators = tokens.iter().filter(|t| is_operator(&t.token)).count();
    if operators > MAX_OPERATORS {
        return Err(format!("the query has {operators} operators; at most {MAX_OPERATORS} are allowed"));
    }
    let views = take_views(&mut tokens)?;
    let texts = item_texts(query, &tokens);
    let statements = parser(tokens).parse_statements().map_err(|e| sentence(&e))?;
    let statement = match <[Statement; 1]>::try_from(statements) {
        Ok([statement]) => statement,
        Err(others) if others.is_empty() => return Err("there is no query; write SELECT … FROM …".into()),
        Err(others) => {
            return Err(format!("there are {} statements; exactly one SELECT is allowed", others.len()));
        }
    };
    let Statement::Query(query) = statement else {
        return Err(format!("{} is not a query; only SELECT is allowed", shown(&statement.to_string())));
    };
    let select = only_select(*query)?;
    let table = table_of(&select)?;
    check_clauses(&select)?;
    let mut ignored = Vec::new();
    if select.distinct.is_some() {
        ignored.push("DISTINCT");
    }
    if select.having.is_some() {
        ignored.push("HAVING");
    }
    let texts = texts.filter(|texts| texts.len() == select.projection.len());
    let items = select.projection.into_iter().enumerate().map(|(index, item)| {
        let text = texts.as_ref().map(|texts| texts[index].clone());
        read_item(item, text)
    });
    Ok(Parsed { table, items: items.collect::<Result<_, _>>()?, views, filter: select.selection, ignored })
}

fn parser(tokens: Vec<TokenWithSpan>) -> Parser<'static> {
    Parser::new(&JobSql).with_tokens_with_locations(tokens)
}

fn sentence(error: &ParserError) -> String {
    match error {
        ParserError::RecursionLimitExceeded => "expressions are nested too deeply".into(),
        ParserError::ParserError(text) | ParserError::TokenizerError(text) => placed(text),
    }
}

/// A parser's message in our words: its place is one in the query, not in the file of the job.
fn placed(message: &str) -> String {
    let place = message.rsplit_once(" at Line: ");
    let place = place.and_then(|(what, at)| Some((what, at.split_once(", Column: ")?)));
    let mut text = match place {
        Some((what, (line, column))) => format!("{what} at line {line}, column {column} of the query"),
        None => message.to_owned(),
    };
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    text
}

fn is_operator(token: &Token) -> bool {
    match token {
        Token::Plus | Token::Minus | Token::Mul | Token::Div | Token::Mod | Token::StringConcat => true,
        Token::Word(word) => matches!(word.keyword, Keyword::AND | Keyword::OR | Keyword::NOT),
        _ => false,
    }
}

fn only_select(query: Query) -> Result<Select, String> {
    let refused = [
        (query.with.is_some(), "WITH"),
        (query.order_by.is_some(), "ORDER BY"),
        (query.limit_clause.is_some(), "LIMIT or OFFSET"),
        (query.fetch.is_some(), "FETCH"),
        (!query.locks.is_empty(), "FOR UPDATE"),
    ];
    if let Some((_, clause)) = refused.iter().find(|(is_there, _)| *is_there) {
        return Err(not_allowed(clause));
    }
    match *query.body {
        SetExpr::Select(select) => Ok(*select),
        SetExpr::SetOperation { op, .. } => Err(not_allowed(&op.to_string())),
        SetExpr::Query(_) => Err("a query in parentheses is not allowed".into()),
        other => Err(format!("{} is not a query; only SELECT is allowed", shown(&other.to_string()))),
    }
}

fn not_allowed(clause: &str) -> String {
    format!("{clause} is not allowed; a query is SELECT … FROM table [LATERAL VIEW …] [WHERE …], row by row")
}

fn table_of(select: &Select) -> Result<String, String> {
    let from = match select.from.as_slice() {
        [from] => from,
        [] => return Err("FROM and a table are missing".into()),
        several => return Err(format!("{} tables are given; exactly one is allowed", several.len())),
    };
    if let Some(join) = from.joins.first() {
        return Err(not_allowed(&shown(join.to_string().trim())));
    }
    match &from.relation {
        TableFactor::Table { name, alias, args: None, .. } => {
            let [part] = name.0.as_slice() else {
                return Err(format!("the table {name} can't have a prefix; write its name alone"));
            };
            match alias {
                Some(alias) => Err(format!("the table can't have an alias ({})", alias.name)),
                None => Ok(part.as_ident().map_or_else(|| part.to_string(), |ident| ident.value.clone())),
            }
        }
        TableFactor::Derived { .. } => {
            Err("a sub-query in FROM is not allowed; FROM takes the name of a table".into())
        }
        other => Err(format!("FROM takes the name of a table, not {}", shown(&other.to_string()))),
    }
}

fn check_clauses(select: &Select) -> Result<(), String> {
    let is_grouped = !matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty());
    let refused = [
        (is_grouped, "GROUP BY"),
        (!select.lateral_views.is_empty(), "this LATERAL VIEW"),
        (select.top.is_some(), "TOP"),
        (select.into.is_some(), "INTO"),
        (select.qualify.is_some(), "QUALIFY"),
        (!select.sort_by.is_empty(), "SORT BY"),
        (!select.cluster_by.is_empty(), "CLUSTER BY"),
        (!select.distribute_by.is_empty(), "DISTRIBUTE BY"),
        (!select.connect_by.is_empty(), "CONNECT BY"),
        (!select.named_window.is_empty(), "WINDOW"),
    ];
    match refused.iter().find(|(is_there, _)| *is_there) {
        Some((_, clause)) => Err(not_allowed(clause)),
        None => Ok(()),
    }
}

fn read_item(item: SelectItem, text: Option<String>) -> Result<Item, String> {
    let is_plain = |options: &WildcardAdditionalOptions| {
        *options == WildcardAdditionalOptions::default() || options.to_string().is_empty()
    };
    match item {
        SelectItem::UnnamedExpr(expr) => {
            let text = text.unwrap_or_else(|| expr.to_string());
            let name = match &expr {
                Expr::Identifier(name) => name.value.clone(),
                Expr::CompoundIdentifier(path) => {
                    path.last().map(|part| part.value.clone()).unwrap_or_default()
                }
                _ => text.clone(),
            };
            Ok(Item::Expression { expr: Box::new(expr), name, text })
        }
        SelectItem::ExprWithAlias { expr, alias } => {
            let text = expr.to_string();
            Ok(Item::Expression { expr: Box::new(expr), name: alias.value, text })
        }
        SelectItem::Wildcard(options) if is_plain(&options) => Ok(Item::All),
        SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(_), options)
            if is_plain(&options) =>
        {
            Ok(Item::All)
        }
        other => Err(format!("{} can't be selected; list the columns", shown(&other.to_string()))),
    }
}

/// The texts of the items, as written: what stands between SELECT and FROM, parted at the commas.
fn item_texts(query: &str, tokens: &[TokenWithSpan]) -> Option<Vec<String>> {
    // bytes before each character, and characters before each line
    let bytes: Vec<usize> = query.char_indices().map(|(at, _)| at).chain([query.len()]).collect();
    let ends = query.chars().enumerate().filter(|(_, c)| *c == '\n').map(|(at, _)| at + 1);
    let lines: Vec<usize> = std::iter::once(0).chain(ends).collect();
    let offset = |location: Location| -> Option<usize> {
        let line = lines.get(usize::try_from(location.line).ok()?.checked_sub(1)?)?;
        bytes.get(line + usize::try_from(location.column).ok()?.checked_sub(1)?).copied()
    };
    let is_word = |token: &TokenWithSpan, keyword| matches!(&token.token, Token::Word(word) if word.keyword == keyword && word.quote_style.is_none());
    let select = tokens.iter().position(|token| is_word(token, Keyword::SELECT))?;
    let body = &tokens[select + 1..];
    let skip = body
        .iter()
        .take_while(|token| is_word(token, Keyword::DISTINCT) || is_word(token, Keyword::ALL))
        .count();
    let (mut texts, mut depth, mut ends) = (Vec::new(), 0usize, None::<(usize, usize)>);
    for token in &body[skip..] {
        match &token.token {
            Token::LParen | Token::LBracket | Token::LBrace => depth += 1,
            Token::RParen | Token::RBracket | Token::RBrace => depth = depth.saturating_sub(1),
            _ => {}
        }
        let is_end = depth == 0 && is_word(token, Keyword::FROM);
        if is_end || depth == 0 && token.token == Token::Comma {
            let (start, end) = ends.take()?;
            texts.push(query.get(start..end)?.to_owned());
            if is_end {
                return Some(texts);
            }
            continue;
        }
        let (start, end) = (offset(token.span.start)?, offset(token.span.end)?);
        ends = Some((ends.map_or(start, |(first, _)| first), end));
    }
    None
}

/// Cuts the LATERAL VIEWs out of the tokens.
fn take_views(tokens: &mut Vec<TokenWithSpan>) -> Result<Vec<View>, String> {
    let mut views = Vec::new();
    while let Some(start) = find_view(tokens) {
        let (view, end) = read_view(tokens, start)?;
        tokens.drain(start..end);
        views.push(view);
    }
    Ok(views)
}

fn keyword(tokens: &[TokenWithSpan], at: usize) -> Option<Keyword> {
    match &tokens.get(at)?.token {
        Token::Word(word) if word.quote_style.is_none() => Some(word.keyword),
        _ => None,
    }
}

fn find_view(tokens: &[TokenWithSpan]) -> Option<usize> {
    (0..tokens.len()).find(|at| {
        keyword(tokens, *at) == Some(Keyword::LATERAL) && keyword(tokens, at + 1) == Some(Keyword::VIEW)
    })
}

/// A view that begins at `start`, and where it ends.
fn read_view(tokens: &[TokenWithSpan], start: usize) -> Result<(View, usize), String> {
    const FORM: &str = "LATERAL VIEW [OUTER] EXPLODE(array) [AS] alias";
    let wrong =
        |what: &str| format!("{what} at line {} of the query; write {FORM}", tokens[start].span.start.line);
    let mut at = start + 2;
    let outer = keyword(tokens, at) == Some(Keyword::OUTER);
    at += usize::from(outer);
    let is_explode = |t: &TokenWithSpan| matches!(&t.token, Token::Word(word) if word.value.eq_ignore_ascii_case("EXPLODE"));
    let is_open = tokens.get(at + 1).is_some_and(|t| t.token == Token::LParen);
    if !tokens.get(at).is_some_and(is_explode) || !is_open {
        return Err(wrong("LATERAL VIEW is not followed by EXPLODE"));
    }
    let first = at + 2;
    let mut depth = 1;
    at = first;
    while depth > 0 {
        match tokens.get(at).map(|t| &t.token) {
            Some(Token::LParen) => depth += 1,
            Some(Token::RParen) => depth -= 1,
            Some(_) => {}
            None => return Err(wrong("EXPLODE( has no end")),
        }
        at += 1;
    }
    let mut inner = parser(tokens[first..at - 1].to_vec());
    let expr = inner.parse_expr().map_err(|e| sentence(&e))?;
    if inner.peek_token_ref().token != Token::EOF {
        return Err(wrong("EXPLODE takes one array"));
    }
    // `alias`, `AS alias`, or as elsewhere `table AS alias`
    let mut alias = None;
    loop {
        let is_as = keyword(tokens, at) == Some(Keyword::AS);
        let name_at = at + usize::from(is_as);
        let is_name = |word: &sqlparser::tokenizer::Word| {
            word.quote_style.is_some()
                || is_as
                || !matches!(
                    word.keyword,
                    Keyword::WHERE | Keyword::LATERAL | Keyword::GROUP | Keyword::ORDER | Keyword::LIMIT
                )
        };
        match tokens.get(name_at).map(|t| &t.token) {
            Some(Token::Word(word)) if is_name(word) && (alias.is_none() || is_as) => {
                alias = Some(word.value.clone());
                at = name_at + 1;
            }
            _ => break,
        }
    }
    let alias = alias.ok_or_else(|| wrong("the alias is missing"))?;
    Ok((View { expr, alias, outer }, at))
}
