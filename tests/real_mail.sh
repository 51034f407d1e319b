#!/bin/sh
# Do real mail servers take our letters? Postfix (queueing, refusals, bounces) and Exim (STARTTLS, AUTH) from Debian's packages, on
# loopback, in a directory of their own. For contributors, by hand, as root in a throw-away machine:
#
#     sh tests/real_mail.sh target/debug/freshd
#
# It installs what is missing, starts both servers by hand (no service is enabled), and stops them when it ends.
set -eu

freshd=$(realpath "${1:?which freshd? e.g. target/debug/freshd}")
work=$(mktemp -d /tmp/real-mail.XXXXXX)
chmod 755 "$work"
failed=0
exim_pid=

finish() {
    postfix -c "$work/postfix" stop >/dev/null 2>&1 || true
    [ -z "$exim_pid" ] || kill "$exim_pid" 2>/dev/null || true
    [ "$failed" = 0 ] && rm -rf "$work" || echo "看 $work"
}
trap finish EXIT

check() { # check WHAT EXIT-CODE PATTERN COMMAND...: the command ends so, and its output holds the pattern
    what=$1 code=$2 pattern=$3
    shift 3
    got=0
    "$@" >"$work/out" 2>&1 || got=$?
    if [ "$got" = "$code" ] && grep -Eq -- "$pattern" "$work/out"; then
        echo "ok    $what"
    else
        failed=1
        echo "FAIL  $what: exit $got (wanted $code), no /$pattern/ in:"
        sed 's/^/      /' "$work/out"
    fi
}

wait_for() { # wait_for SECONDS COMMAND...: until it succeeds
    left=$(($1 * 10))
    shift
    until "$@" >/dev/null 2>&1; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        sleep 0.1
    done
}

config() { # config NAME SERVER: a configuration that sends there
    mkdir -p "$work/$1"
    cat >"$work/$1.toml" <<END
[store]
path = "$work/$1"
[mail]
server = "$2"
from = "公开办 <freshd@sender.test>"
operators = ["ops@good.test"]
office = "公开办 020-1234567"
mode = "send"
${3:-}
END
}

need() { command -v "$1" >/dev/null || DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$2" >/dev/null; }
need postfix postfix
need openssl openssl

# --- Postfix -------------------------------------------------------------------------------------------------------------------
mkdir -p "$work/postfix" "$work/queue" "$work/data" "$work/boxes"
chown postfix "$work/data"
chown nobody "$work/boxes"
cat >"$work/postfix/main.cf" <<END
compatibility_level = 3.6
queue_directory = $work/queue
data_directory = $work/data
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.test
mydestination =
mynetworks = 127.0.0.0/8
virtual_mailbox_domains = good.test sender.test
virtual_mailbox_base = $work/boxes
virtual_mailbox_maps = inline:{ a@good.test=a/ , ops@good.test=ops/ , freshd@sender.test=freshd/ , later@good.test=later/ , gone@good.test=gone/ }
virtual_uid_maps = static:$(id -u nobody)
virtual_gid_maps = static:$(id -g nobody)
smtpd_recipient_restrictions = check_recipient_access texthash:$work/postfix/access, permit_mynetworks, reject
virtual_alias_maps = texthash:$work/postfix/aliases
maillog_file = $work/postfix.log
maillog_file_prefixes = /
END
printf 'gone@good.test 550 5.1.1 no such user\nlater@good.test 451 4.2.1 busy\n' >"$work/postfix/access"
# Accepted first, and found to be nobody later: what a bounce is for.
echo 'returned@good.test nobody-there@good.test' >"$work/postfix/aliases"
sed -e 's/^smtp .*inet.*smtpd.*/2525 inet n - n - - smtpd/' -e 's/^\([a-z0-9-]* *[a-z]* *[-ny]* *[-ny]* *\)y /\1n /' \
    /usr/share/postfix/master.cf.dist >"$work/postfix/master.cf"
grep -q '^postlog' "$work/postfix/master.cf" || echo 'postlog unix-dgram n - n - 1 postlogd' >>"$work/postfix/master.cf"
postfix -c "$work/postfix" start >"$work/start" 2>&1 || { cat "$work/start"; failed=1; exit 1; }
config postfix smtp+opportunistic://127.0.0.1:2525
wait_for 10 sh -c 'exec 3<>/dev/tcp/127.0.0.1/2525' || wait_for 10 bash -c 'exec 3<>/dev/tcp/127.0.0.1/2525'

run() { name=$1; shift; "$freshd" --config "$work/$name.toml" "$@"; }
check 'Postfix takes a letter and names its place in the queue' 0 'queued as [0-9A-F]+' run postfix mail test a@good.test
check 'an address that Postfix refuses (550) is a refusal' 1 '550 5\.7\.1|550' run postfix mail test gone@good.test
check 'an address that is busy (451) is put off' 1 '451' run postfix mail test later@good.test
check 'a letter that will come back is taken first' 0 'queued as' run postfix mail test returned@good.test
if wait_for 20 sh -c "ls $work/boxes/a/new/* "; then
    letter=$(ls "$work"/boxes/a/new/* | head -1)
    check 'the letter lies in the mailbox with its headers' 0 '^List-Id: <freshd\.sender\.test>' cat "$letter"
    check '  its subject is Chinese in RFC 2047' 0 '^Subject: =\?utf-8\?' cat "$letter"
else
    failed=1
    echo 'FAIL  no letter in the mailbox'
    tail -5 "$work/postfix.log"
fi
if wait_for 20 sh -c "grep -l 'report-type=delivery-status' $work/boxes/freshd/new/*"; then
    bounce=$(grep -l 'report-type=delivery-status' "$work"/boxes/freshd/new/* | head -1)
    check 'a bounce comes back to the sender with the status' 0 '^Status: 5\.1\.1' cat "$bounce"
    check '  and with our Message-ID' 0 '^Message-ID: <.*@sender\.test>' cat "$bounce"
    mkdir -p "${KEEP_BOUNCES:-$work/kept}" && cp "$bounce" "${KEEP_BOUNCES:-$work/kept}/postfix.eml"
else
    failed=1
    echo 'FAIL  no bounce came back'
    tail -5 "$work/postfix.log"
fi
postfix -c "$work/postfix" stop >/dev/null 2>&1
check 'a server that is away is said, and nobody is accused' 1 '连接邮件服务器' run postfix mail test a@good.test

# --- Exim ----------------------------------------------------------------------------------------------------------------------
# Beside Postfix only unpacked: the two packages conflict.
(cd "$work" && apt-get download exim4-daemon-light exim4-base libidn12 >/dev/null 2>&1 && mkdir exim &&
    for package in *.deb; do dpkg -x "$package" exim; done)
id Debian-exim >/dev/null 2>&1 || useradd --system --no-create-home Debian-exim
mkdir -p "$work/spool" "$work/mail"
chown Debian-exim "$work/spool" "$work/mail"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -addext basicConstraints=critical,CA:FALSE -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
chmod 644 "$work/key.pem"
cat >"$work/exim.conf" <<END
primary_hostname = exim.test
spool_directory = $work/spool
log_file_path = $work/spool/%s.log
keep_environment =
queue_only
daemon_smtp_ports = 2526
local_interfaces = 127.0.0.1
exim_user = Debian-exim
exim_group = Debian-exim
tls_advertise_hosts = *
tls_certificate = $work/cert.pem
tls_privatekey = $work/key.pem
auth_advertise_hosts = \${if eq{\$tls_in_cipher}{}{}{*}}
acl_smtp_rcpt = rcpt
begin acl
rcpt:
  deny    !authenticated = *
          message = 530 5.7.0 authentication required
  deny    local_parts = gone
          message = 5.1.1 no such user
  defer   local_parts = later
          message = 4.2.1 busy
  accept
begin routers
all:
  driver = accept
  transport = file
begin transports
file:
  driver = appendfile
  directory = $work/mail
  maildir_format
  user = Debian-exim
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if and{{eq{\$auth2}{user@sender.test}}{eq{\$auth3}{密码 right}}}}
  server_set_id = \$auth2
END
LD_LIBRARY_PATH=$(dirname "$(find "$work/exim" -name 'libidn.so.12' | head -1)") \
    "$work/exim/usr/sbin/exim4" -C "$work/exim.conf" -bdf >"$work/exim.out" 2>&1 &
exim_pid=$!
wait_for 10 bash -c 'exec 3<>/dev/tcp/127.0.0.1/2526' || { cat "$work/exim.out"; failed=1; exit 1; }
printf '密码 right' >"$work/right" && printf 'wrong' >"$work/wrong" && chmod 600 "$work/right" "$work/wrong"
config exim smtp://user%40sender.test@localhost:2526 "password_file = \"$work/right\""
config exim-wrong smtp://user%40sender.test@localhost:2526 "password_file = \"$work/wrong\""
check 'a certificate of nobody is not trusted' 1 '加密失败' run exim mail test a@good.test
export SSL_CERT_FILE="$work/cert.pem"
check 'Exim takes a letter after STARTTLS and AUTH PLAIN' 0 '250' run exim mail test a@good.test
check 'a wrong password is a fault of the server, said in words' 1 '登录邮件服务器失败:535' run exim-wrong mail test a@good.test
check 'an address that Exim refuses (550) is a refusal' 1 '550' run exim mail test gone@good.test
check 'an address that is busy (451) is put off' 1 '451' run exim mail test later@good.test
check 'the letter came over TLS as the user who had logged in' 0 'P=esmtpsa .*A=plain:user@sender.test' cat "$work/spool/main.log"
exit "$failed"
