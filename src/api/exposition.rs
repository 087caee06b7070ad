//! Writes the text formats of Prometheus (0.0.4) and of OpenMetrics (1.0.0): families of samples, each with its help and
//! its type.

use std::fmt::{Display, Write};

/// Which of the two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Style {
    #[default]
    Prometheus,
    OpenMetrics,
}

impl Style {
    /// The content type of the text.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Style::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Style::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// A text that grows by families. Each name is written once; the caller sees to that.
#[derive(Debug, Default)]
pub(super) struct Exposition {
    style: Style,
    text: String,
}

impl Exposition {
    /// An empty text.
    pub(super) fn new(style: Style) -> Self {
        Self { style, text: String::new() }
    }

    /// A figure that rises and falls.
    pub(super) fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, "gauge", help, &[], [([""; 0], value)]);
    }

    /// A figure that only rises; its name ends in `_total`.
    pub(super) fn counter(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, "counter", help, &[], [([""; 0], value)]);
    }

    /// 1 for yes, 0 for no.
    pub(super) fn flag(&mut self, name: &str, help: &str, value: bool) {
        self.gauge(name, help, u8::from(value));
    }

    /// A gauge of one label, a sample for each of its values.
    pub(super) fn gauges<'a, V: Display>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        samples: impl IntoIterator<Item = (&'a str, V)>,
    ) {
        self.start(name, "gauge", help);
        samples.into_iter().for_each(|(text, value)| self.sample(name, &[label], &[text], value));
    }

    /// A gauge that is always 1 and says what its labels say.
    pub(super) fn info(&mut self, name: &str, help: &str, labels: &[&str], texts: &[&str]) {
        self.family(name, "gauge", help, labels, [(texts, 1)]);
    }

    /// The text.
    pub(super) fn into_text(mut self) -> String {
        if self.style == Style::OpenMetrics {
            self.text.push_str("# EOF\n");
        }
        self.text
    }

    /// Samples of these labels; each has the texts of its labels.
    pub(super) fn family<T: AsRef<[U]>, U: AsRef<str>, V: Display>(
        &mut self,
        name: &str,
        kind: &str,
        help: &str,
        labels: &[&str],
        samples: impl IntoIterator<Item = (T, V)>,
    ) {
        self.start(name, kind, help);
        for (texts, value) in samples {
            let texts: Vec<&str> = texts.as_ref().iter().map(AsRef::as_ref).collect();
            self.sample(name, labels, &texts, value);
        }
    }

    fn start(&mut self, name: &str, kind: &str, help: &str) {
        // In OpenMetrics a family's name is without the ending that its samples have.
        let (family, kind) = match (self.style, name.strip_suffix("_total"), name.strip_suffix("_info")) {
            (Style::OpenMetrics, Some(family), _) => (family, kind),
            (Style::OpenMetrics, None, Some(family)) => (family, "info"),
            _ => (name, kind),
        };
        let is_open = self.style == Style::OpenMetrics;
        self.add(format_args!("# HELP {family} {}\n# TYPE {family} {kind}\n", escape(help, is_open)));
    }

    fn sample(&mut self, name: &str, labels: &[&str], texts: &[&str], value: impl Display) {
        let label = |(label, text): (&&str, &&str)| format!("{label}=\"{}\"", escape(text, true));
        let labels: Vec<String> = labels.iter().zip(texts).map(label).collect();
        match labels.is_empty() {
            true => self.add(format_args!("{name} {value}\n")),
            false => self.add(format_args!("{name}{{{}}} {value}\n", labels.join(","))),
        }
    }

    fn add(&mut self, text: std::fmt::Arguments<'_>) {
        // A text takes whatever is written to it.
        let _written = self.text.write_fmt(text);
    }
}

fn escape(text: &str, quotes: bool) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\n', "\\n");
    if quotes { escaped.replace('"', "\\\"") } else { escaped }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_of_samples() {
        let mut out = Exposition::default();
        out.counter("a_total", "All of \\a.", 7);
        out.flag("b", "Whether b.", true);
        out.gauges("c", "By state.", "state", [("X", 1), ("Y", 0)]);
        out.info("d_info", "About d.", &["version", "text"], &["1.0", "a \"b\" \\c\nd"]);
        out.gauge("e", "A share.", 0.25);
        let expected = "\
# HELP a_total All of \\\\a.
# TYPE a_total counter
a_total 7
# HELP b Whether b.
# TYPE b gauge
b 1
# HELP c By state.
# TYPE c gauge
c{state=\"X\"} 1
c{state=\"Y\"} 0
# HELP d_info About d.
# TYPE d_info gauge
d_info{version=\"1.0\",text=\"a \\\"b\\\" \\\\c\\nd\"} 1
# HELP e A share.
# TYPE e gauge
e 0.25
";
        assert_eq!(out.into_text(), expected);
    }

    #[test]
    fn families_of_openmetrics() {
        let mut out = Exposition::new(Style::OpenMetrics);
        out.counter("a_total", "All of \"a\".", 7);
        out.info("d_info", "About d.", &["version"], &["1.0"]);
        let expected = "\
# HELP a All of \\\"a\\\".
# TYPE a counter
a_total 7
# HELP d About d.
# TYPE d info
d_info{version=\"1.0\"} 1
# EOF
";
        assert_eq!(out.into_text(), expected);
    }
}
