//! A pattern's letters, made items.

use super::field::{Field, Length};
use super::moment::Kind;

/// What the letters stand for that are known here.
const KNOWN: &str = "G y u Y Q q M L w W D d E e c a H k K h m s S A n N X x Z O";
/// Letters that Java knows, too.
const NOT_HERE: &str = "g F B V v z p";

/// A pattern that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimePattern {
    pub(super) text: String,
    pub(super) items: Vec<Item>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// Text as it is.
    Text(String),
    /// A field, and the letter that asked for it.
    Field(char, Field, Form),
    /// A distance from UTC, and the letter that asked for it.
    Offset(char, usize),
    /// What is left out if a value lacks one of its fields, or a text doesn't have it.
    Optional(Vec<Item>),
}

/// How a field is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Number(Number),
    /// The last two digits of a year of 2000–2099.
    TwoDigitYear {
        /// Digits of the numbers that follow without anything between.
        reserved: usize,
    },
    /// So many digits behind the point.
    Fraction(usize),
    Name(Length),
}

/// A number's digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) min: usize,
    pub(super) max: usize,
    pub(super) sign: Sign,
    /// Digits of the numbers that follow without anything between.
    pub(super) reserved: usize,
}

/// When a number has a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Never,
    Negative,
    /// Also `+` for more digits than the least.
    NegativeOrLong,
}

impl Form {
    /// Always so many digits: what such a number takes from the one before it.
    fn fixed_width(self) -> Option<usize> {
        match self {
            Form::Number(Number { min, max, sign: Sign::Never, .. }) if min == max => Some(min),
            Form::TwoDigitYear { .. } => Some(2),
            Form::Fraction(width) => Some(width),
            _ => None,
        }
    }

    fn reserve(&mut self, width: usize) {
        match self {
            Form::Number(Number { reserved, .. }) | Form::TwoDigitYear { reserved } => *reserved += width,
            Form::Fraction(_) | Form::Name(_) => {}
        }
    }
}

/// One list of items: the whole pattern, or an optional section.
#[derive(Default)]
struct Level {
    items: Vec<Item>,
    /// The number that gives digits to fixed ones behind it.
    number: Option<usize>,
}

impl Level {
    fn push(&mut self, item: Item) {
        self.number = None;
        self.items.push(item);
    }

    fn push_field(&mut self, letter: char, field: Field, form: Form) {
        let at = self.items.len();
        self.items.push(Item::Field(letter, field, form));
        if matches!(form, Form::Name(_)) || field.is_print_only() {
            self.number = None;
            return;
        }
        match (form.fixed_width(), self.number) {
            (Some(width), Some(number)) => {
                if let Some(Item::Field(_, _, form)) = self.items.get_mut(number) {
                    form.reserve(width);
                }
            }
            _ => self.number = Some(at),
        }
    }
}

impl TimePattern {
    /// Compiles a pattern: letters are fields, `'…'` is text, `''` a quote, `[…]` is optional.
    ///
    /// # Errors
    /// A letter that isn't known or stands too often, a quote or a bracket without its partner, `{`, `}`, `#`.
    pub fn compile(pattern: &str) -> Result<Self, String> {
        let refuse = |what: String| format!("{pattern:?} is no time pattern: {what}");
        let mut levels = Vec::new();
        let mut level = Level::default();
        let mut chars = pattern.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\'' => {
                    let text = quoted(&mut chars).ok_or_else(|| refuse("a quote is not closed".into()))?;
                    level.push(Item::Text(text));
                }
                '[' => {
                    level.number = None;
                    levels.push(std::mem::take(&mut level));
                }
                ']' => {
                    let outer = levels.pop().ok_or_else(|| refuse("a ] has no [ before it".into()))?;
                    close(&mut level, outer);
                }
                '{' | '}' | '#' => return Err(refuse(format!("{c:?} is reserved; write it in quotes"))),
                letter if letter.is_ascii_alphabetic() => {
                    let mut count = 1;
                    while chars.next_if_eq(&letter).is_some() {
                        count += 1;
                    }
                    push_letter(&mut level, letter, count).map_err(refuse)?;
                }
                other => match level.items.last_mut() {
                    Some(Item::Text(text)) => text.push(other),
                    _ => level.push(Item::Text(other.into())),
                },
            }
        }
        // as in Java, an optional section need not be closed
        while let Some(outer) = levels.pop() {
            close(&mut level, outer);
        }
        Ok(Self { text: pattern.into(), items: level.items })
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The first letter, outside of optional sections, for something that such a value doesn't have.
    #[must_use]
    pub fn missing(&self, kind: Kind) -> Option<char> {
        self.items.iter().find_map(|item| match item {
            Item::Field(letter, field, _) => {
                let has = if field.is_of_date() { kind.has_date() } else { kind.has_time() };
                (!has).then_some(*letter)
            }
            Item::Offset(letter, _) => (kind != Kind::Instant).then_some(*letter),
            Item::Text(_) | Item::Optional(_) => None,
        })
    }

    /// What its letters describe: a date, a time of day, or both; none if neither.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        let mut of_date = false;
        let mut of_time = false;
        each_field(&self.items, &mut |_, field| {
            if field.is_of_date() {
                of_date = true;
            } else {
                of_time = true;
            }
        });
        match (of_date, of_time) {
            (true, true) => Some(Kind::Timestamp),
            (true, false) => Some(Kind::Date),
            (false, true) => Some(Kind::Time),
            (false, false) => None,
        }
    }

    /// The first letter that can be printed, but not read.
    #[must_use]
    pub fn print_only(&self) -> Option<char> {
        let mut found = None;
        each_field(&self.items, &mut |letter, field| {
            if field.is_print_only() {
                found = found.or(Some(letter));
            }
        });
        found.or_else(|| local_offset(&self.items))
    }
}

fn each_field(items: &[Item], visit: &mut impl FnMut(char, Field)) {
    for item in items {
        match item {
            Item::Field(letter, field, _) => visit(*letter, *field),
            Item::Optional(items) => each_field(items, visit),
            Item::Text(_) | Item::Offset(..) => {}
        }
    }
}

fn local_offset(items: &[Item]) -> Option<char> {
    items.iter().find_map(|item| match item {
        Item::Offset('O', _) => Some('O'),
        Item::Offset('Z', 4) => Some('Z'),
        Item::Optional(items) => local_offset(items),
        _ => None,
    })
}

/// Makes `level` an optional section of `outer`, which is the level from now on.
fn close(level: &mut Level, outer: Level) {
    let section = std::mem::replace(level, outer);
    if !section.items.is_empty() {
        level.push(Item::Optional(section.items));
    }
}

/// The text up to the closing quote; two quotes are one, none between them is one, too.
fn quoted(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    let mut text = String::new();
    loop {
        match chars.next()? {
            '\'' if chars.next_if_eq(&'\'').is_some() => text.push('\''),
            '\'' => break,
            other => text.push(other),
        }
    }
    Some(if text.is_empty() { "'".into() } else { text })
}

fn push_letter(level: &mut Level, letter: char, count: usize) -> Result<(), String> {
    let shown = || letter.to_string().repeat(count);
    if matches!(letter, 'X' | 'x' | 'Z' | 'O') {
        let allowed = if letter == 'O' { count == 1 || count == 4 } else { count <= 5 };
        if !allowed {
            return Err(format!("{:?} stands too often or too seldom", shown()));
        }
        level.push(Item::Offset(letter, count));
        return Ok(());
    }
    let Some(field) = Field::of_letter(letter) else {
        let is_java = NOT_HERE.contains(letter);
        let why = if is_java { "is not supported" } else { "is not known" };
        return Err(format!("{:?} {why}; known are {KNOWN}; other letters are written in quotes", shown()));
    };
    let form = form(letter, count).ok_or_else(|| format!("{:?} stands too often", shown()))?;
    // from three on the day of a week is its name, wherever the week begins
    let field =
        if matches!(form, Form::Name(_)) && field == Field::LocalWeekday { Field::Weekday } else { field };
    level.push_field(letter, field, form);
    Ok(())
}

fn form(letter: char, count: usize) -> Option<Form> {
    let number = |min, max, sign| Some(Form::Number(Number { min, max, sign, reserved: 0 }));
    let name = |count| match count {
        3 => Some(Form::Name(Length::Short)),
        4 => Some(Form::Name(Length::Full)),
        5 => Some(Form::Name(Length::Narrow)),
        _ => None,
    };
    match (letter, count) {
        ('y' | 'u' | 'Y', 2) => Some(Form::TwoDigitYear { reserved: 0 }),
        ('y' | 'u' | 'Y', 1 | 3) => number(count, 19, Sign::Negative),
        ('y' | 'u' | 'Y', 4..=19) => number(count, 19, Sign::NegativeOrLong),
        ('M' | 'L' | 'Q' | 'q', 1) => number(1, 19, Sign::Negative),
        ('M' | 'L' | 'Q' | 'q', 2) => number(2, 2, Sign::Never),
        ('e', 1 | 2) | ('c', 1) | ('w', 1 | 2) | ('W', 1) => number(count, 2, Sign::Never),
        ('E' | 'G', 1 | 2) => name(3),
        ('M' | 'L' | 'Q' | 'q' | 'E' | 'e' | 'c' | 'G', _) => name(count),
        ('a', 1) => name(3),
        ('d' | 'h' | 'H' | 'k' | 'K' | 'm' | 's' | 'D', 1) => number(1, 19, Sign::Negative),
        ('d' | 'h' | 'H' | 'k' | 'K' | 'm' | 's', 2) => number(2, 2, Sign::Never),
        ('D', 2 | 3) => number(count, 3, Sign::Never),
        ('A' | 'n' | 'N', 1..=19) => number(count, 19, Sign::Never),
        ('S', 1..=9) => Some(Form::Fraction(count)),
        _ => None,
    }
}
