//! Declarations of options: the one source of what a plug-in takes.

/// Type of an option's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// true or false.
    Bool,
    /// 32-bit integer.
    Int,
    /// 64-bit integer.
    Long,
    /// Floating-point number.
    Double,
    /// One of these texts, in any letter case.
    Choice(&'static [&'static str]),
    /// List.
    List,
    /// Object.
    Object,
}

/// One option of a plug-in or of `env`.
#[derive(Clone, Copy, Debug)]
pub struct OptionDef {
    /// Key, dots included: found as a flat key and as nested objects.
    pub key: &'static str,
    /// Older spellings, in order.
    pub fallbacks: &'static [&'static str],
    /// Type.
    pub kind: Kind,
    /// Default as the user would write it; `None`: no default.
    pub default: Option<&'static str>,
    /// Whether it must be given.
    pub required: bool,
    /// One sentence for the user.
    pub about: &'static str,
    /// What the object takes, or each object of the list; empty: the keys are the user's, or there are none.
    pub of: &'static [OptionDef],
    /// Why giving it changes nothing; `None`: it does.
    pub without_effect: Option<&'static str>,
}

/// The declarations of `first`, then those of `second`; `N` is the number of all.
#[must_use]
pub const fn join<const N: usize>(first: &[OptionDef], second: &[OptionDef]) -> [OptionDef; N] {
    assert!(N == first.len() + second.len());
    let mut all = [OptionDef::new("", Kind::Text, ""); N];
    let mut at = 0;
    while at < N {
        all[at] = if at < first.len() { first[at] } else { second[at - first.len()] };
        at += 1;
    }
    all
}

impl OptionDef {
    /// An option without default.
    #[must_use]
    pub const fn new(key: &'static str, kind: Kind, about: &'static str) -> Self {
        Self {
            key,
            fallbacks: &[],
            kind,
            default: None,
            required: false,
            about,
            of: &[],
            without_effect: None,
        }
    }

    /// Sets the default.
    #[must_use]
    pub const fn default(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    /// Makes it required.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Adds older spellings.
    #[must_use]
    pub const fn fallbacks(mut self, fallbacks: &'static [&'static str]) -> Self {
        self.fallbacks = fallbacks;
        self
    }

    /// Says what the object, or each object of the list, takes.
    #[must_use]
    pub const fn of(mut self, options: &'static [OptionDef]) -> Self {
        self.of = options;
        self
    }

    /// Says that it is only accepted: jobs written for other engines have it, here it changes nothing.
    #[must_use]
    pub const fn without_effect(mut self, why: &'static str) -> Self {
        self.without_effect = Some(why);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_joined_in_order() {
        const A: &[OptionDef] = &[OptionDef::new("a", Kind::Int, ""), OptionDef::new("b", Kind::Int, "")];
        const LIST: OptionDef = OptionDef::new("list", Kind::List, "").of(A).without_effect("why");
        const ALL: &[OptionDef] = &join::<3>(&[LIST], A);
        assert_eq!(ALL.iter().map(|option| option.key).collect::<Vec<_>>(), ["list", "a", "b"]);
        assert_eq!((ALL[0].of.len(), ALL[0].without_effect), (2, Some("why")));
        assert!(ALL[1].of.is_empty() && ALL[1].without_effect.is_none());
    }
}
