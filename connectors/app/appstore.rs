//! Is an app listed in the App Store, and when was it last updated? The `appstore` connector.
