//! Is a system user called as the system calls it, and never as the environment does?

use super::*;

#[test]
fn a_login_name_is_that_of_the_number() {
    let users =
        "root:x:0:0:root:/root:/bin/sh\n\nzhang:x:1000:1000::/home/zhang:/bin/sh\n:x:7:7::\n";
    assert_eq!(login_name(users, 1000).as_deref(), Some("zhang"));
    assert_eq!(login_name(users, 0).as_deref(), Some("root"));
    assert_eq!((login_name(users, 1), login_name(users, 7)), (None, None));
    assert_eq!(Caller::of_uid(4_000_000_001).name, "uid:4000000001");
}

#[test]
fn this_process_is_who_the_kernel_says() {
    use std::os::unix::fs::MetadataExt as _;
    let me = fs::metadata("/proc/self").unwrap().uid();
    assert_eq!(Caller::this_process(), Caller::of_uid(me));
}
