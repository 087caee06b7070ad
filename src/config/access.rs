//! What protects a server: who may come in, TLS, and what one client may take.

use super::ConfigError;
use super::settings::Values;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("******")
    }
}

/// Who may come in.
#[derive(Clone, Debug, Default)]
pub struct AccessConfig {
    /// The one user of basic auth.
    pub basic: Option<BasicAuth>,
    /// The file of the tokens.
    pub tokens_file: Option<PathBuf>,
    /// Origins whose pages may ask.
    pub cors_origins: Vec<String>,
}

impl AccessConfig {
    /// Whether a client must show who it is.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.basic.is_some() || self.tokens_file.is_some()
    }
}

/// The user of basic auth.
#[derive(Clone, Debug)]
pub struct BasicAuth {
    /// Name.
    pub username: String,
    /// Password.
    pub password: Secret,
}

/// HTTPS.
#[derive(Clone, Debug)]
pub struct TlsConfig {
    /// Address.
    pub listen: SocketAddr,
    /// The certificate and those between it and its authority (PEM).
    pub certificate: PathBuf,
    /// Its key (PEM).
    pub key: PathBuf,
    /// Authorities of the clients' certificates, which are wanted then (PEM).
    pub client_ca: Option<PathBuf>,
}

/// What one client may take.
#[derive(Clone, Debug)]
pub struct LimitsConfig {
    /// Connections open at once.
    pub connections: usize,
    /// Of one address; `None`: all.
    pub connections_per_address: Option<usize>,
    /// Largest header of a request.
    pub header_bytes: usize,
    /// Time for a header, and for the handshake of TLS.
    pub header: Duration,
    /// Time for a body, beside what its length allows.
    pub body: Duration,
    /// Time without a request.
    pub idle: Duration,
    /// Time in which a client must take something of an answer.
    pub send: Duration,
    /// Requests of one address in a second; `None`: any.
    pub requests_per_second: Option<u32>,
}

pub(super) fn access(values: &Values<'_>) -> Result<AccessConfig, ConfigError> {
    let basic = match values.bool("http.enable-basic-auth")? {
        false => None,
        true => {
            let (username, password) =
                (values.text("http.basic-auth-username")?, values.text("http.basic-auth-password")?);
            if username.is_empty() || username.contains(':') {
                return Err(values.wrong("http.basic-auth-username", "a name without a colon"));
            }
            if password.is_empty() {
                return Err(ConfigError(
                    "seatunnel.engine.http.basic-auth-password is not set, and there is no default: set it, or the \
                     variable SEIKAN_ENGINE__HTTP__BASIC_AUTH_PASSWORD"
                        .to_owned(),
                ));
            }
            Some(BasicAuth { username, password: Secret(password) })
        }
    };
    let cors_origins = values.texts("http.cors-origins")?;
    let is_origin = |text: &String| {
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        host.is_some_and(|host| {
            !host.is_empty() && host.chars().all(|c| c.is_ascii_graphic() && !"/*?#@".contains(c))
        })
    };
    if !cors_origins.iter().all(is_origin) {
        return Err(values.wrong(
            "http.cors-origins",
            "a list of origins such as https://jobs.example.com, without a path; * is none",
        ));
    }
    Ok(AccessConfig { basic, tokens_file: values.path("http.tokens-file")?, cors_origins })
}

pub(super) fn tls(values: &Values<'_>, ip: IpAddr) -> Result<Option<TlsConfig>, ConfigError> {
    let files = (values.path("http.tls-certificate")?, values.path("http.tls-key")?);
    let client_ca = values.path("http.tls-client-ca")?;
    match (values.bool("http.enable-https")?, files) {
        (false, _) => Ok(None),
        (true, (Some(certificate), Some(key))) => {
            let port = values.number("http.https-port", 0, 65_535)? as u16;
            Ok(Some(TlsConfig { listen: SocketAddr::new(ip, port), certificate, key, client_ca }))
        }
        (true, _) => Err(ConfigError(
            "seatunnel.engine.http.enable-https needs http.tls-certificate and http.tls-key, two PEM files (a Java \
             keystore is not read; `openssl pkcs12` makes PEM files of one)"
                .to_owned(),
        )),
    }
}

pub(super) fn limits(values: &Values<'_>) -> Result<LimitsConfig, ConfigError> {
    let rate = values.find("http.requests-per-second");
    let per_address = values.limit("http.max-connections-per-address", 1)?;
    Ok(LimitsConfig {
        connections: values.number("http.max-connections", 1, 1 << 20)? as usize,
        connections_per_address: per_address.map(|most| most as usize),
        header_bytes: values.number("http.max-header-bytes", 8192, 1 << 24)? as usize,
        header: values.millis("http.header-timeout", 1)?,
        body: values.millis("http.body-timeout", 1)?,
        idle: values.millis("http.idle-timeout", 1)?,
        send: values.millis("http.send-timeout", 1)?,
        requests_per_second: match rate {
            None => None,
            Some(_) => Some(values.number("http.requests-per-second", 1, 1_000_000)? as u32),
        },
    })
}
