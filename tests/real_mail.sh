#!/bin/sh
# Do real mail servers take our letters, and give back what comes? Postfix (queueing, refusals, bounces), Dovecot (the mailbox with the
# bounces, by IMAP) and Exim (STARTTLS, AUTH) from Debian's packages, on loopback, in a directory of their own. For contributors, by hand, as root in a throw-away machine:
#
#     sh tests/real_mail.sh target/debug/freshd
#
# It installs what is missing, starts the servers by hand (no service is enabled), and stops them when it ends.
set -eu

freshd=$(realpath "${1:?which freshd? e.g. target/debug/freshd}")
work=$(mktemp -d /tmp/real-mail.XXXXXX)
chmod 755 "$work"
failed=0
exim_pid=
cut_pid=

finish() {
    postfix -c "$work/postfix" stop >/dev/null 2>&1 || true
    doveadm -c "$work/dovecot.conf" stop >/dev/null 2>&1 || true
    [ -z "$cut_pid" ] || kill "$cut_pid" 2>/dev/null || true
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
need dovecot dovecot-imapd
need python3 python3

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

# --- Dovecot -------------------------------------------------------------------------------------------------------------------
# It serves the mailbox that Postfix delivers bounces to: the whole way round is real.
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -addext basicConstraints=critical,CA:FALSE -keyout "$work/imap-key.pem" -out "$work/imap-cert.pem" 2>/dev/null
cat >"$work/dovecot.conf" <<END
base_dir = $work/dovecot
log_path = $work/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <$work/imap-cert.pem
ssl_key = <$work/imap-key.pem
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = maildir:$work/boxes/freshd:INDEX=$work/boxes/index
passdb {
  driver = static
  args = password=imap-word
}
userdb {
  driver = static
  args = uid=$(id -u nobody) gid=$(id -g nobody) home=$work/boxes
}
service imap-login {
  inet_listener imap {
    port = 2143
  }
  inet_listener imaps {
    port = 2993
    ssl = yes
  }
}
END
dovecot -c "$work/dovecot.conf" >"$work/start" 2>&1 || { cat "$work/start"; failed=1; exit 1; }
wait_for 10 bash -c 'exec 3<>/dev/tcp/127.0.0.1/2993'
printf 'imap-word' >"$work/imap-word" && printf 'no-such-word' >"$work/imap-wrong"
chmod 600 "$work/imap-word" "$work/imap-wrong"
inbox() { # inbox NAME URL PASSWORD-FILE
    config "$1" smtp+opportunistic://127.0.0.1:2525 "send_between = \"00:00-23:59\"
working_days_only = false
[mail.inbox]
server = \"$2\"
password_file = \"$work/$3\""
    sed -i "s|^path = .*|path = \"$work/box\"|" "$work/$1.toml"
}
inbox box imaps://freshd%40sender.test@localhost:2993 imap-word
inbox box-wrong imaps://freshd%40sender.test@localhost:2993 imap-wrong
inbox box-cut imap+insecure://freshd%40sender.test@127.0.0.1:2144 imap-word
check 'a mailbox whose certificate nobody signed is not trusted' 1 '加密失败' run box mail fetch
export SSL_CERT_FILE="$work/imap-cert.pem"
check 'a wrong password of the mailbox is said in words, without the password' 1 '登录邮箱失败' run box-wrong mail fetch
grep -q 'no-such-word' "$work/out" && { failed=1; echo 'FAIL  the password is shown'; }
# The bounce of the test letter: none of the letters of the outbox.
check 'what was in the mailbox is read' 0 '读到新邮件 1 封' run box mail fetch
check '  and a bounce of no letter of ours changes nothing' 0 '对不上信件' run box mail inbox
printf '账号名称,平台,账号标识,主办单位,联系人,电子邮箱,责任人邮箱\n茂名发布,微信公众号,gh_000000000001,市府办,张三,returned@good.test,a@good.test\n' \
    >"$work/ledger.csv"
check 'a ledger is read' 0 '' run box import "$work/ledger.csv"
seen=$(date -d '12 days ago' +%Y-%m-%dT%H:%M:%S+08:00)
check 'an account is at risk' 0 '' run box confirm 茂名发布 --published-at "$seen" --note 看到
check 'its owner is written to, through Postfix' 0 '接收 1|已发出|1 封' run box notify
id_of() { "$freshd" --config "$work/box.toml" mail outbox --json | python3 -c "
import json, sys
print(next((it['message_id'] for it in json.load(sys.stdin)['letters'] if it['to'] == '$1'), ''))"; }
letter=$(id_of returned@good.test || true)
bounced() { grep -rlF "$letter" "$work/boxes/freshd"; }
wait_for 20 bounced || { failed=1; echo 'FAIL  no bounce came back'; }
check 'the bounce is read from Dovecot over TLS' 0 '读到新邮件 1 封' run box mail fetch
check '  and matched to its letter: returned, with the status' 0 '"bounced"' run box mail outbox --json
check '  and the next in the chain is written to' 0 '' run box notify
second=$(id_of a@good.test || true)
[ -n "$second" ] && echo 'ok    the responsible officer has a letter now' || { failed=1; echo 'FAIL  no letter to the next'; }
check 'nothing is read twice' 0 '读到新邮件 0 封' run box mail fetch

put() { # put NAME FILE: a mail comes into the mailbox
    cp "$2" "$work/boxes/freshd/tmp/$1" && chown nobody: "$work/boxes/freshd/tmp/$1" && mv "$work/boxes/freshd/tmp/$1" "$work/boxes/freshd/new/$1"
}
fixtures=$(dirname "$0")/fixtures/mail
sed -e "s|{MESSAGE_ID}|$second|" -e 's|{FROM}|a@good.test|' "$fixtures/reply-gbk-link.eml" >"$work/reply.eml"
put 2000000000.reply "$work/reply.eml"
{ printf 'Subject: =?gbk?B?\377\376=?=\nContent-Type: multipart/mixed; boundary="x\n\n--x\nContent-Type: message/rfc822\n\n'; head -c 3000 /dev/urandom; } \
    >"$work/broken.eml"
put 2000000001.broken "$work/broken.eml"
# Lost midway: a line to Dovecot that is cut after so many bytes.
cat >"$work/cut.py" <<'END'
import socket, sys, threading
listener = socket.create_server(("127.0.0.1", 2144))
def up(a, b):
    try:
        while data := a.recv(4096):
            b.sendall(data)
    except OSError:
        pass
while True:
    client, _ = listener.accept()
    server = socket.create_connection(("127.0.0.1", 2143))
    threading.Thread(target=up, args=(client, server), daemon=True).start()
    left = int(sys.argv[1])
    try:
        while (data := server.recv(64)) and left >= len(data):
            left -= len(data)
            client.sendall(data)
    except OSError:
        pass
    for end in (client, server):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        end.close()
END
python3 "$work/cut.py" 2600 &
cut_pid=$!
wait_for 10 bash -c 'exec 3<>/dev/tcp/127.0.0.1/2144'
check 'a line that is lost midway is said' 1 '读取邮箱失败' run box-cut mail fetch
check '  and stands in the list of what came' 0 '起读不到' run box mail inbox
check 'what was not read then is read now, a broken mail too' 0 '读到新邮件 2 封' run box mail fetch
check '  a reply in GBK from its own recipient, its link tried' 0 '链接|文章' run box mail inbox
check '  and only once' 0 '读到新邮件 0 封' run box mail fetch
doveadm -c "$work/dovecot.conf" stop
rm -rf "$work/boxes/index" "$work"/boxes/freshd/dovecot-uid*
dovecot -c "$work/dovecot.conf"
wait_for 10 bash -c 'exec 3<>/dev/tcp/127.0.0.1/2993'
before=$(run box mail inbox --json | grep -c '"outcome"')
check 'a mailbox that numbers anew (UIDVALIDITY) is read again, nothing twice' 0 '读到新邮件 0 封' run box mail fetch
[ "$before" = "$(run box mail inbox --json | grep -c '"outcome"')" ] || { failed=1; echo 'FAIL  read twice'; }
sed -e 's|{FROM}|a@good.test|' -e "s|{MESSAGE_ID}|$second|" "$fixtures/vacation-qq.eml" >"$work/away.eml"
put 2000000002.away "$work/away.eml"
check '  and what comes after it is read' 0 '读到新邮件 1 封' run box mail fetch
if ls "$work"/boxes/freshd/cur "$work"/boxes/freshd/new | grep -q ':2,.*S'; then
    failed=1
    echo 'FAIL  a mail was marked as read'
else
    echo 'ok    no mail was marked as read or moved away'
fi
doveadm -c "$work/dovecot.conf" stop
unset SSL_CERT_FILE
check 'a mailbox that is away is said' 1 '连接邮箱服务器失败' run box mail fetch

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
