//! Credentials of providers: how a user or an app grants them, and how they are kept and renewed.
//!
//! [`Logins`] leads through a provider's consent and ends in a [`Grant`]; [`Grants`] keeps it sealed in the store and hands its
//! token to the HTTP client, renewing it once however many tasks and processes ask.

mod app;
mod exchange;
mod grant;
mod grants;
mod identity;
mod login;
mod loopback;
mod renew;
mod revoke;
mod settings;

pub use app::AppKey;
pub use grant::{Account, Grant, GrantKind, Site};
pub use grants::Grants;
pub use login::{Authorization, DeviceLogin, Logins};
pub use loopback::Loopback;
pub use settings::{Endpoints, OAuthApp};

#[cfg(test)]
mod tests;
