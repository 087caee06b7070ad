//! HTTPS: a port of its own, certificates of clients, and files that are read again.

use crate::server::{Options, Server, checkout};
use crate::wait::until;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn pem(name: &str) -> PathBuf {
    checkout().join("tests/data/tls").join(name)
}

/// Puts a certificate and its key where the server reads them.
fn install(dir: &Path, name: &str) {
    fs::copy(pem(&format!("{name}.pem")), dir.join("cert.pem")).unwrap();
    fs::write(dir.join("key.pem"), fs::read(pem(&format!("{name}.key"))).unwrap()).unwrap();
    fs::set_permissions(dir.join("key.pem"), fs::Permissions::from_mode(0o600)).unwrap();
}

fn options(dir: &Path) -> Options {
    Options::default()
        .env("SEIKAN_ENGINE__HTTP__ENABLE_HTTPS", true)
        .env("SEIKAN_ENGINE__HTTP__HTTPS_PORT", 0)
        .env("SEIKAN_ENGINE__HTTP__TLS_CERTIFICATE", dir.join("cert.pem").display())
        .env("SEIKAN_ENGINE__HTTP__TLS_KEY", dir.join("key.pem").display())
}

/// The address behind `https://` in what the server printed.
fn address(server: &Server) -> String {
    until("the server says where HTTPS is", || {
        let printed = server.printed();
        Some(printed.split_once("also at https://")?.1.split_once("/overview")?.0.to_owned())
    })
}

struct Answered {
    text: String,
    certificate: CertificateDer<'static>,
}

/// GET of /overview over TLS, with a client's certificate or none.
fn get(address: &str, client: Option<&str>) -> Result<Answered, String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(pem("ca.pem")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let builder = builder.with_root_certificates(roots);
    let config = match client {
        None => builder.with_no_client_auth(),
        Some(name) => {
            let chain = vec![CertificateDer::from_pem_file(pem(&format!("{name}.pem"))).unwrap()];
            let key = PrivateKeyDer::from_pem_file(pem(&format!("{name}.key"))).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    };
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).map_err(|e| e.to_string())?;
    let stream = TcpStream::connect(address).map_err(|e| e.to_string())?;
    let mut stream = StreamOwned::new(connection, stream);
    let ask = b"GET /overview HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(ask).map_err(|e| e.to_string())?;
    let mut text = String::new();
    stream.read_to_string(&mut text).map_err(|e| e.to_string())?;
    let certificate = stream.conn.peer_certificates().unwrap()[0].clone().into_owned();
    Ok(Answered { text, certificate })
}

fn certificate(name: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(pem(&format!("{name}.pem"))).unwrap()
}

#[test]
fn https_is_served_beside_http_and_its_certificate_is_read_again() {
    let dir = tempfile::tempdir().unwrap();
    install(dir.path(), "server");
    let server = Server::start_with(&dir.path().join("data"), options(dir.path()));
    let address = address(&server);
    assert_eq!(server.get("/overview").status, 200);
    let answered = get(&address, None).unwrap();
    assert!(answered.text.starts_with("HTTP/1.1 200 OK"), "{}", answered.text);
    assert!(answered.certificate == certificate("server"));

    // Half of a change: the pair doesn't fit, and the old one stays.
    fs::copy(pem("renewed.pem"), dir.path().join("cert.pem")).unwrap();
    until("the server says so", || server.printed().contains("can't be used").then_some(()));
    assert!(get(&address, None).unwrap().certificate == certificate("server"));
    install(dir.path(), "renewed");
    until("the new certificate is shown", || {
        (get(&address, None).ok()?.certificate == certificate("renewed")).then_some(())
    });

    // Who doesn't speak TLS there is cut off, and others are served.
    let mut plain = TcpStream::connect(&address).unwrap();
    plain.write_all(b"GET /overview HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let mut bytes = Vec::new();
    let _end = plain.read_to_end(&mut bytes);
    assert!(!bytes.starts_with(b"HTTP/1.1"));
    assert!(get(&address, None).is_ok());
}

#[test]
fn only_clients_with_a_certificate_come_in_where_that_is_wanted() {
    let dir = tempfile::tempdir().unwrap();
    install(dir.path(), "server");
    let options = options(dir.path()).env("SEIKAN_ENGINE__HTTP__TLS_CLIENT_CA", pem("ca.pem").display());
    let server = Server::start_with(&dir.path().join("data"), options);
    let address = address(&server);
    assert!(get(&address, Some("client")).unwrap().text.starts_with("HTTP/1.1 200 OK"));
    // A server's certificate is none of a client.
    for client in [None, Some("renewed")] {
        let refused = get(&address, client).err();
        assert!(refused.is_some(), "{client:?} came in");
    }
}

#[test]
fn files_that_cannot_be_used_end_the_start() {
    let dir = tempfile::tempdir().unwrap();
    install(dir.path(), "server");
    let key = dir.path().join("key.pem");
    let refusal = |options: Options| Server::try_start(&dir.path().join("data"), options).err().unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let printed = refusal(options(dir.path()));
    assert!(printed.contains("http.tls-key: ") && printed.contains("other users can read"), "{printed}");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    for (certificate, why) in [
        (dir.path().join("missing.pem"), "http.tls-certificate: "),
        (key.clone(), "holds no certificate (PEM)"),
        (pem("renewed.pem"), "can't be used: "),
    ] {
        let options = options(dir.path()).env("SEIKAN_ENGINE__HTTP__TLS_CERTIFICATE", certificate.display());
        let printed = refusal(options);
        assert!(printed.contains(why) && !printed.contains("BEGIN"), "{printed}");
    }
}
