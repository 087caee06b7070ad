//! Judges what a client shows.
//!
//! The road of a good one takes no lock: a hash, a comparison with each token, and a look at the client's bucket of
//! failures. A password may be guessed, so an address that failed often must wait before another one is looked at; a token
//! can't be, so its holder is let in whatever others at the same address do.

use super::buckets::Buckets;
use super::role::Role;
use super::secret_file;
use super::tokens::{Hash, Tokens, hash};
use crate::config::AccessConfig;
use arc_swap::ArcSwap;
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use subtle::ConstantTimeEq;

/// Addresses whose failures are told apart.
const SLOTS: usize = 1 << 14;
/// Failures of an address before passwords from it are not looked at for a while.
const FAILURES: u32 = 10;
/// Time after which one more is.
const FORGET: Duration = Duration::from_secs(3);

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing was shown.
    Nothing,
    /// Somebody with that role.
    Known(Role),
    /// It is not right.
    Wrong,
    /// Too much from that address was not right: not looked at, for so long.
    Wait(Duration),
}

/// Who may come in.
#[derive(Debug)]
pub struct Access {
    /// Hash of `user:password`.
    basic: Option<Hash>,
    tokens: Option<TokenFile>,
    failures: Buckets,
}

#[derive(Debug)]
struct TokenFile {
    path: PathBuf,
    tokens: ArcSwap<Tokens>,
}

impl Access {
    /// As configured; `None` when everybody may come in.
    ///
    /// # Errors
    /// The file of the tokens can't be used.
    pub fn open(config: &AccessConfig) -> Result<Option<Self>, String> {
        if !config.is_on() {
            return Ok(None);
        }
        let tokens = match &config.tokens_file {
            None => None,
            Some(path) => {
                let tokens = ArcSwap::from_pointee(read(path)?);
                Some(TokenFile { path: path.clone(), tokens })
            }
        };
        let basic = config.basic.as_ref();
        let basic = basic.map(|user| hash(format!("{}:{}", user.username, user.password.0).as_bytes()));
        Ok(Some(Self { basic, tokens, failures: Buckets::new(SLOTS, FAILURES, FORGET) }))
    }

    /// Whether there is a user of basic auth.
    #[must_use]
    pub fn takes_passwords(&self) -> bool {
        self.basic.is_some()
    }

    /// Whether there are tokens.
    #[must_use]
    pub fn takes_tokens(&self) -> bool {
        self.tokens.is_some()
    }

    /// Reads the tokens again. What can't be used changes nothing.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn reload(&self) -> Result<(), String> {
        if let Some(file) = &self.tokens {
            let tokens = read(&file.path)?;
            tracing::info!(tokens = tokens.len(), path = %file.path.display(), "the tokens were read again");
            file.tokens.store(tokens.into());
        }
        Ok(())
    }

    /// Judges the value of an `Authorization` header.
    pub fn judge(&self, shown: Option<&[u8]>, from: IpAddr, now: Instant) -> Verdict {
        let Some(shown) = shown else {
            return Verdict::Nothing;
        };
        let role = match scheme(shown) {
            Some((Scheme::Bearer, token)) => self.token(token),
            Some((Scheme::Basic, encoded)) if self.basic.is_some() => {
                if let Err(wait) = self.failures.look(from, now) {
                    return Verdict::Wait(wait);
                }
                self.password(encoded)
            }
            _ => None,
        };
        match role {
            Some(role) => Verdict::Known(role),
            None => match self.failures.take(from, now) {
                Ok(()) => Verdict::Wrong,
                Err(wait) => Verdict::Wait(wait),
            },
        }
    }

    fn token(&self, token: &[u8]) -> Option<Role> {
        let tokens = self.tokens.as_ref()?.tokens.load();
        tokens.find(token).map(|(_, role)| role)
    }

    /// The engine's user may do everything.
    fn password(&self, encoded: &[u8]) -> Option<Role> {
        let decoded = BASE64.decode(encoded).ok()?;
        let same = self.basic.as_ref()?.ct_eq(&hash(&decoded));
        bool::from(same).then_some(Role::Admin)
    }
}

fn read(path: &std::path::Path) -> Result<Tokens, String> {
    let wrong = |why: String| format!("http.tokens-file: {why}");
    let text = secret_file::read(path).map_err(wrong)?;
    Tokens::parse(&text).map_err(|why| wrong(format!("{}: {why}", path.display())))
}

enum Scheme {
    Basic,
    Bearer,
}

/// The engine takes `Basic ` in exactly these letters, and so does this; tokens are taken in any.
fn scheme(shown: &[u8]) -> Option<(Scheme, &[u8])> {
    if let Some(encoded) = shown.strip_prefix(b"Basic ") {
        return Some((Scheme::Basic, encoded));
    }
    let (name, token) = shown.split_at_checked(b"Bearer ".len())?;
    name.eq_ignore_ascii_case(b"Bearer ").then_some((Scheme::Bearer, token))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{create_token, token_line};
    use crate::config::{BasicAuth, Secret};
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn basic(user: &str, password: &str) -> AccessConfig {
        let user = BasicAuth { username: user.to_owned(), password: Secret(password.to_owned()) };
        AccessConfig { basic: Some(user), ..AccessConfig::default() }
    }

    fn here() -> IpAddr {
        IpAddr::from([10, 0, 0, 1])
    }

    fn judge(access: &Access, shown: &str) -> Verdict {
        access.judge(Some(shown.as_bytes()), here(), Instant::now())
    }

    #[test]
    fn basic_auth_is_taken_as_the_engine_takes_it() {
        let encoded = |text: &str| BASE64.encode(text);
        let good = Verdict::Known(Role::Admin);
        for (shown, verdict) in [
            (format!("Basic {}", encoded("admin:s:ä")), good),
            (format!("Basic {}", encoded("admin:s:ä").trim_end_matches('=')), good),
            (format!("basic {}", encoded("admin:s:ä")), Verdict::Wrong),
            (format!("Basic  {}", encoded("admin:s:ä")), Verdict::Wrong),
            (format!("Basic {}", encoded("admin:s")), Verdict::Wrong),
            (format!("Basic {}", encoded("root:s:ä")), Verdict::Wrong),
            ("Basic ***".to_owned(), Verdict::Wrong),
            ("Bearer admin:s:ä".to_owned(), Verdict::Wrong),
            ("Digest x".to_owned(), Verdict::Wrong),
            ("ä".to_owned(), Verdict::Wrong),
            (String::new(), Verdict::Wrong),
        ] {
            let access = Access::open(&basic("admin", "s:ä")).unwrap().unwrap();
            assert_eq!(judge(&access, &shown), verdict, "{shown}");
        }
        let access = Access::open(&basic("admin", "x")).unwrap().unwrap();
        assert_eq!(access.judge(None, here(), Instant::now()), Verdict::Nothing);
        assert!(Access::open(&AccessConfig::default()).unwrap().is_none());
    }

    #[test]
    fn who_fails_often_must_wait_even_with_the_right_password() {
        let access = Access::open(&basic("admin", "x")).unwrap().unwrap();
        let (right, now) = (format!("Basic {}", BASE64.encode("admin:x")), Instant::now());
        let show = |shown: &str, from: [u8; 4], now| access.judge(Some(shown.as_bytes()), from.into(), now);
        for _ in 0..FAILURES {
            assert_eq!(show("Basic AAAA", [10, 0, 0, 1], now), Verdict::Wrong);
        }
        assert!(matches!(show("Basic AAAA", [10, 0, 0, 1], now), Verdict::Wait(_)));
        assert!(matches!(show(&right, [10, 0, 0, 1], now), Verdict::Wait(_)));
        assert_eq!(show(&right, [10, 0, 0, 2], now), Verdict::Known(Role::Admin));
        assert_eq!(show(&right, [10, 0, 0, 1], now + 2 * FORGET), Verdict::Known(Role::Admin));
    }

    #[test]
    fn tokens_are_read_again_and_a_bad_file_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tokens");
        let write = |text: &str, mode| {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        };
        let (old, new) = (create_token(), create_token());
        let config = AccessConfig { tokens_file: Some(path.clone()), ..AccessConfig::default() };
        let line = token_line("ci", Role::Operate, &old).unwrap();
        for mode in [0o644, 0o604, 0o620, 0o602] {
            write(&line, mode);
            let error = Access::open(&config).unwrap_err();
            assert!(error.contains("other users can read or change it"), "{error}");
        }
        write(&line, 0o640);
        let access = Access::open(&config).unwrap().unwrap();
        let known = |token: &str| judge(&access, &format!("bearer {token}"));
        assert_eq!(known(&old), Verdict::Known(Role::Operate));

        write("ci what", 0o600);
        let error = access.reload().unwrap_err();
        assert!(error.contains("tokens: line 1"), "{error}");
        assert_eq!(known(&old), Verdict::Known(Role::Operate));

        write(&token_line("ci", Role::Read, &new).unwrap(), 0o600);
        access.reload().unwrap();
        assert_eq!((known(&old), known(&new)), (Verdict::Wrong, Verdict::Known(Role::Read)));
        // Others who fail at the same address don't keep a token out.
        while known(&old) == Verdict::Wrong {}
        assert_eq!(known(&new), Verdict::Known(Role::Read));
    }
}
