//! Where do connectors keep what they must not forget? In the store's own facts.

use async_trait::async_trait;
use freshd_connectors::wechat::keep::{Vault, VaultError};

use crate::store::{Store, StoreError, meta};

/// Durable records of connectors, over the store.
pub struct StoreVault(Store);

impl StoreVault {
    /// Over a store.
    pub fn new(store: Store) -> Self {
        Self(store)
    }
}

fn words(error: &StoreError) -> VaultError {
    VaultError(error.to_string())
}

fn name_of(name: &str) -> String {
    format!("{}{name}", meta::VAULT)
}

#[async_trait]
impl Vault for StoreVault {
    fn load(&self, name: &str) -> Result<Option<String>, VaultError> {
        self.0.meta(&name_of(name)).map_err(|error| words(&error))
    }

    fn put(&self, name: &str, record: &str) -> Result<(), VaultError> {
        self.0.set_meta(&name_of(name), record).map_err(|error| words(&error))
    }

    fn names(&self, prefix: &str) -> Result<Vec<String>, VaultError> {
        let names = self.0.meta_names(&name_of(prefix)).map_err(|error| words(&error))?;
        let own = |name: String| name.strip_prefix(meta::VAULT).map(str::to_owned);
        Ok(names.into_iter().filter_map(own).collect())
    }

    async fn durable(&self) -> Result<(), VaultError> {
        self.0.barrier().await.map_err(|error| words(&error))
    }
}
