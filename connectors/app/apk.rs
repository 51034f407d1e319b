//! Does an APK link yield a package? The `apk` connector.
