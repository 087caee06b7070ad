//! Who may come in, and how often: roles, tokens, the user of basic auth, buckets per address, and TLS.
//!
//! Knows no HTTP beyond the text of an `Authorization` header; `api` asks here and answers. Files with secrets (`secret_file`)
//! are refused while other users can read them. What is read from files can be read again while it is in use: readers see
//! the old or the new, never a mixture, and wait for nobody.
//!
//! Invariants: no secret is shown, logged or kept in a message; tokens and passwords are compared by their hashes, in time
//! that does not depend on them; what is kept per client address has a fixed size.

mod buckets;
mod credentials;
mod role;
mod secret_file;
mod tls;
mod tokens;

pub use buckets::Buckets;
pub use credentials::{Access, Verdict};
pub use role::Role;
pub use secret_file::read as read_secret;
pub use tls::Tls;
pub use tokens::{create_token, token_line};
