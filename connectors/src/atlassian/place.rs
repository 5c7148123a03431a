//! Where a site is: the address of its API, that of its pages, and its name in keys.

use domain::{Error, Result};
use url::Url;

use crate::archive::json::{is_id, one_line};

/// The gateway through which applications reach all sites.
const GATEWAY: &str = "https://api.atlassian.com/ex";

/// A site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// What paths of the API are joined to; it ends in a slash.
    pub(crate) api: Url,
    /// The address of its pages, without a slash at the end.
    pub(crate) web: String,
    /// Its name in keys.
    pub(crate) name: String,
}

/// A site as it is written in settings.
pub(crate) struct Written<'w> {
    /// `jira` or `confluence`.
    pub(crate) product: &'static str,
    /// The site's id at the gateway.
    pub(crate) cloud_id: Option<&'w str>,
    /// The address of the API, in place of the gateway's.
    pub(crate) api: Option<&'w str>,
    /// The address of its pages.
    pub(crate) site: &'w str,
    /// Its name in keys.
    pub(crate) name: Option<&'w str>,
}

impl Written<'_> {
    /// Check it.
    ///
    /// # Errors
    /// `Invalid` when an address is none, or when nothing says where the API is.
    pub(crate) fn read(&self) -> Result<Place> {
        let web = web(self.site)?;
        let api = match (self.api, self.cloud_id) {
            (Some(api), None) => address(&format!("{}/", api.trim_end_matches('/')))?,
            (None, Some(id)) if is_id(id) => address(&format!("{GATEWAY}/{}/{id}/", self.product))?,
            (_, _) => {
                return Err(
                    invalid("either `cloud_id` or `api` must say where the API is").with_hint(
                        "set `cloud_id` to the site's id, which sign-in tells, or `api` to the address of a server",
                    ),
                );
            }
        };
        let name = self.name.or_else(|| web.host_str()).unwrap_or_default().to_lowercase();
        if !is_id(&name) {
            return Err(invalid(&format!("`{}` cannot name a site", one_line(&name, 80)))
                .with_hint("use the site's name or host, as `acme` or `acme.atlassian.net`"));
        }
        Ok(Place {
            api,
            web: web.as_str().trim_end_matches('/').to_owned(),
            name,
        })
    }
}

fn invalid(message: &str) -> Error {
    Error::invalid("read source settings", message)
}

fn address(text: &str) -> Result<Url> {
    let url = Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
    url.ok_or_else(|| {
        invalid(&format!("`{}` is not an address", one_line(text, 80)))
            .with_hint("write it as https://acme.atlassian.net")
    })
}

fn web(text: &str) -> Result<Url> {
    let mut url = address(text)?;
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::Written;

    fn written<'w>(cloud_id: Option<&'w str>, api: Option<&'w str>, site: &'w str) -> Written<'w> {
        Written {
            product: "jira",
            cloud_id,
            api,
            site,
            name: None,
        }
    }

    #[test]
    fn a_site_lies_behind_the_gateway_or_where_it_is_told() {
        let place = written(Some("35-a"), None, "https://Acme.atlassian.net/")
            .read()
            .expect("place");
        assert_eq!(place.api.as_str(), "https://api.atlassian.com/ex/jira/35-a/");
        assert_eq!(
            (place.web.as_str(), place.name.as_str()),
            ("https://acme.atlassian.net", "acme.atlassian.net")
        );
        let place = written(None, Some("http://127.0.0.1:1/ex/jira/x"), "https://a.example")
            .read()
            .expect("place");
        assert_eq!(place.api.as_str(), "http://127.0.0.1:1/ex/jira/x/");
    }

    #[test]
    fn what_leads_nowhere_is_refused() {
        for (cloud, api, site) in [
            (None, None, "https://a.example"),
            (Some("a"), Some("https://a.example"), "https://a.example"),
            (Some("a/../b"), None, "https://a.example"),
            (Some("a"), None, "a.example"),
            (None, Some("ftp://a.example"), "https://a.example"),
        ] {
            assert!(written(cloud, api, site).read().is_err(), "{cloud:?} {api:?} {site}");
        }
    }
}
