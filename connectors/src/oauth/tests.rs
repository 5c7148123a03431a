//! The flows against servers that answer as the providers do.

mod apps;
mod flows;
mod renewal;

use std::sync::Arc;

use domain::seam::grants::GrantStore;
use testkit::grants::MemoryGrants;
use url::Url;

use super::{Endpoints, Grants, Logins, OAuthApp};
use crate::clock::Clock;
use crate::http::tests::server::Server;
use crate::http::tests::{TestClock, http};
use crate::http::{GrantKey, Http, Provider};
use crate::secret::Secret;
use crate::vault::{Vault, WrappingKeys};

/// A wrapping key for tests: 32 bytes of zero.
const WRAPPING: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

fn key() -> GrantKey {
    GrantKey {
        tenant: "acme".into(),
        grant: "main".into(),
    }
}

/// An app whose provider is `server`.
fn app(provider: Provider, server: &Server) -> OAuthApp {
    OAuthApp {
        provider,
        client_id: "client".into(),
        client_secret: Some(Secret::new("canary-app")),
        redirect: Url::parse("https://neurosync.acme.example/callback").expect("url"),
        scopes: vec!["a:read".into(), "b:read".into()],
        user_scopes: vec!["c:read".into()],
        endpoints: Endpoints {
            authorize: server.url("authorize"),
            token: server.url("token"),
            device: Some(server.url("device")),
            api: server.base.clone(),
        },
        key: None,
    }
}

/// One process with everything that a login needs.
struct Process {
    grants: Grants,
    logins: Logins,
}

fn process(clock: &Arc<TestClock>, store: &Arc<MemoryGrants>, apps: Vec<OAuthApp>) -> Process {
    let http: Http = http(clock);
    let store = Arc::clone(store) as Arc<dyn GrantStore>;
    let keys = WrappingKeys::parse(&Secret::new(WRAPPING)).expect("keys");
    let vault = Arc::new(Vault::new(Arc::clone(&store), keys));
    let grants = Grants::new(Arc::clone(&store), Arc::clone(&vault), http.clone(), apps).expect("grants");
    let logins = Logins::new(http, store, vault, grants.clone());
    Process { grants, logins }
}

/// The clock's time in so many seconds.
fn ahead(clock: &Arc<TestClock>, seconds: i64) -> domain::Timestamp {
    domain::Timestamp(clock.now().0 + seconds * 1000)
}
