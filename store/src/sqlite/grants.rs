//! Grants and their keys: sealed bytes, changed only by who knows the version that is stored.

use std::time::Duration;

use async_trait::async_trait;
use domain::seam::grants::{GrantStore, Pending, SealedGrant, TenantKey};
use domain::{Error, ErrorKind, Result, Timestamp};

use super::error::During;
use super::{Sqlite, decode, leases, limits};

const READ: &str = "read grant";
const WRITE: &str = "write grant";
const BEGIN: &str = "begin authorization";
const FINISH: &str = "finish authorization";

#[async_trait]
impl GrantStore for Sqlite {
    async fn grant(&self, tenant: &str, name: &str) -> Result<SealedGrant> {
        let mut reader = self.reader(READ).await?;
        let row: Option<(i64, Option<Vec<u8>>)> =
            sqlx::query_as("SELECT version, sealed FROM grants WHERE tenant = ? AND name = ?")
                .bind(tenant)
                .bind(name)
                .fetch_optional(&mut *reader)
                .await
                .during(READ)?;
        let (version, sealed) = row.unwrap_or((0, None));
        Ok(SealedGrant {
            tenant: tenant.to_owned(),
            name: name.to_owned(),
            version: decode::count(READ, version)?,
            sealed,
        })
    }

    async fn put_grant(&self, grant: SealedGrant) -> Result<bool> {
        limits::name(WRITE, &grant.tenant)?;
        limits::name(WRITE, &grant.name)?;
        limits::sealed(WRITE, grant.sealed.as_deref().unwrap_or_default())?;
        let version = decode::stored(WRITE, grant.version)?;
        let query = if version == 1 {
            sqlx::query(
                "INSERT INTO grants (tenant, name, version, sealed) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            )
        } else {
            sqlx::query(
                "UPDATE grants SET version = ?3, sealed = ?4 WHERE tenant = ?1 AND name = ?2 AND version = ?3 - 1",
            )
        };
        let mut transaction = self.write(WRITE).await?;
        let done = query
            .bind(grant.tenant)
            .bind(grant.name)
            .bind(version)
            .bind(grant.sealed)
            .execute(&mut *transaction)
            .await
            .during(WRITE)?;
        transaction.commit().await.during(WRITE)?;
        Ok(done.rows_affected() == 1)
    }

    async fn grants(&self, tenant: &str) -> Result<Vec<SealedGrant>> {
        let mut reader = self.reader(READ).await?;
        let rows: Vec<(String, i64, Vec<u8>)> = sqlx::query_as(
            "SELECT name, version, sealed FROM grants WHERE tenant = ? AND sealed IS NOT NULL ORDER BY name",
        )
        .bind(tenant)
        .fetch_all(&mut *reader)
        .await
        .during(READ)?;
        rows.into_iter()
            .map(|(name, version, sealed)| {
                Ok(SealedGrant {
                    tenant: tenant.to_owned(),
                    name,
                    version: decode::count(READ, version)?,
                    sealed: Some(sealed),
                })
            })
            .collect()
    }

    async fn put_pending(&self, pending: Pending, now: Timestamp) -> Result<()> {
        limits::sealed(BEGIN, &pending.state)?;
        limits::sealed(BEGIN, &pending.sealed)?;
        let mut transaction = self.write(BEGIN).await?;
        sqlx::query("DELETE FROM pending_authorizations WHERE expires <= ?")
            .bind(now.0)
            .execute(&mut *transaction)
            .await
            .during(BEGIN)?;
        let done = sqlx::query(
            "INSERT INTO pending_authorizations (state, sealed, expires) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(pending.state)
        .bind(pending.sealed)
        .bind(pending.expires.0)
        .execute(&mut *transaction)
        .await
        .during(BEGIN)?;
        if done.rows_affected() == 0 {
            return Err(Error::new(ErrorKind::Conflict, BEGIN, "the state is in use"));
        }
        transaction.commit().await.during(BEGIN)
    }

    async fn take_pending(&self, state: &[u8], now: Timestamp) -> Result<Option<Pending>> {
        let mut transaction = self.write(FINISH).await?;
        let row: Option<(Vec<u8>, i64)> =
            sqlx::query_as("DELETE FROM pending_authorizations WHERE state = ? RETURNING sealed, expires")
                .bind(state)
                .fetch_optional(&mut *transaction)
                .await
                .during(FINISH)?;
        transaction.commit().await.during(FINISH)?;
        Ok(row
            .filter(|(_, expires)| *expires > now.0)
            .map(|(sealed, expires)| Pending {
                state: state.to_vec(),
                sealed,
                expires: Timestamp(expires),
            }))
    }

    async fn tenant_keys(&self, tenant: Option<&str>) -> Result<Vec<TenantKey>> {
        let mut reader = self.reader(READ).await?;
        let rows: Vec<(String, i64, Vec<u8>)> = sqlx::query_as(
            "SELECT tenant, version, wrapped FROM tenant_keys WHERE ?1 IS NULL OR tenant = ?1 ORDER BY tenant",
        )
        .bind(tenant)
        .fetch_all(&mut *reader)
        .await
        .during(READ)?;
        rows.into_iter()
            .map(|(tenant, version, wrapped)| {
                let version = decode::count(READ, version)?;
                Ok(TenantKey {
                    tenant,
                    version,
                    wrapped,
                })
            })
            .collect()
    }

    async fn put_tenant_key(&self, key: TenantKey) -> Result<bool> {
        limits::name(WRITE, &key.tenant)?;
        limits::sealed(WRITE, &key.wrapped)?;
        let version = decode::stored(WRITE, key.version)?;
        let query = if version == 1 {
            sqlx::query("INSERT INTO tenant_keys (tenant, version, wrapped) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")
        } else {
            sqlx::query("UPDATE tenant_keys SET version = ?2, wrapped = ?3 WHERE tenant = ?1 AND version = ?2 - 1")
        };
        let mut transaction = self.write(WRITE).await?;
        let done = query
            .bind(key.tenant)
            .bind(version)
            .bind(key.wrapped)
            .execute(&mut *transaction)
            .await
            .during(WRITE)?;
        transaction.commit().await.during(WRITE)?;
        Ok(done.rows_affected() == 1)
    }

    async fn hold(&self, name: &str, holder: &str, ttl: Duration, now: Timestamp) -> Result<bool> {
        let lease = leases::take(self, (name, holder), ttl, now).await?;
        Ok(lease.is_some())
    }
}
