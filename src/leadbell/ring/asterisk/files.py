"""How an Asterisk node is configured for Leadbell: the texts of its files, and nothing that touches them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from leadbell.ring.ports import BROWSER, TRUNK

#: The Stasis application our calls are in, and the contexts of the dialplan it sends channels through.
APP = "leadbell"
RECORD, DETECT, INBOUND = "leadbell-record", "leadbell-detect", "leadbell-inbound"
#: The channel variable that says where a recording goes.
RECORDING = "LEADBELL_RECORDING"
#: What the first argument of the application says about a channel that enters it.
ARRIVED, RECORDED, DETECTED = "inbound", "recorded", "detected"

#: Loaded by name, in this order. res_stasis_device_state is left out on purpose: a websocket that drops while such
#: an event is under way hangs every new one. Without res_pjsip_pubsub chan_pjsip won't load, without
#: chan_bridge_media a bridge can't be recorded.
MODULES = (
    "res_timing_timerfd",
    *(f"res_sorcery_{kind}" for kind in ("config", "memory", "astdb", "realtime")),
    *(f"codec_{name}" for name in ("ulaw", "alaw", "gsm", "g722", "resample")),
    *(f"format_{name}" for name in ("wav", "pcm", "gsm", "sln")),
    "res_srtp", "res_rtp_asterisk", "res_pjproject", "res_pjsip", "res_pjsip_pubsub",
    *(f"res_pjsip_{name}" for name in (
        "session", "authenticator_digest", "outbound_authenticator_digest", "outbound_registration",
        "endpoint_identifier_ip", "endpoint_identifier_user", "registrar", "sdp_rtp", "caller_id", "dtmf_info",
        "rfc3326", "nat", "header_funcs", "logger",
    )),
    "chan_pjsip", "chan_bridge_media",
    *(f"bridge_{name}" for name in ("simple", "softmix", "native_rtp", "holding", "builtin_features")),
    "res_http_websocket", "res_pjsip_transport_websocket", "res_websocket_client",
    "res_stasis", *(f"res_stasis_{name}" for name in ("answer", "playback", "recording", "snoop")),
    "res_ari_model", "res_ari",
    *(f"res_ari_{name}" for name in (
        "applications", "asterisk", "bridges", "channels", "endpoints", "events", "playbacks", "recordings", "sounds",
    )),
    *(f"app_{name}" for name in ("stasis", "mixmonitor", "amd", "playback", "dial", "echo", "senddtmf")),
    "pbx_config",
    *(f"func_{name}" for name in ("channel", "callerid", "logic", "strings", "volume", "pjsip_endpoint")),
    "res_musiconhold",
)  # fmt: skip

#: Nobody listens to these. Each would be written out with all that is known of its channel, and a channel sets some
#: twenty variables, before it is found that nobody wants to be told.
UNHEARD = (
    "ast_channel_varset_type", "ast_rtp_rtcp_sent_type", "ast_rtp_rtcp_received_type", "ast_channel_moh_start_type",
    "ast_channel_moh_stop_type",
)  # fmt: skip

#: A provider is asked so often whether it is there, and has so long to answer: else nobody is rung over its trunk.
CHECK_S, CHECKED_WITHIN_S = 15, 3

#: What may stand in a file of Asterisk's: no line ends, no comments, no templates, no variables.
_PLAIN = re.compile(r"[^\x00-\x1f\x7f;\[\]${}\"\\]*")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_HOST = re.compile(r"[A-Za-z0-9.:_-]+")
_SWITCHBOARD = re.compile(r"wss?://[A-Za-z0-9._-]+(:[0-9]{1,5})?(/[A-Za-z0-9/._-]*)?")


@dataclass(frozen=True, slots=True)
class Trunk:
    """The provider's way out. Without a user the provider knows us by our address."""

    host: str
    user: str = ""
    password: str = ""
    name: str = TRUNK
    #: Where the customer's calls come from besides `host`: addresses or networks.
    match: tuple[str, ...] = ()
    #: It is asked every so many seconds whether it is there; 0: never, for a provider that answers no OPTIONS.
    check_s: int = CHECK_S


@dataclass(frozen=True, slots=True)
class Choices:
    """What is decided about a node; ports on all addresses for SIP, on this machine alone for ARI."""

    trunks: tuple[Trunk, ...] = ()
    #: Names of phones at the dealer, and their passwords.
    extensions: Mapping[str, str] = field(default_factory=dict)
    #: The ARI user; nodes that call in need names of their own.
    ari_user: str = APP
    ari_password: str = ""
    ari_port: int = 8088
    sip_host: str = "0.0.0.0"  # noqa: S104 - phones and the provider are outside this machine
    sip_port: int = 5060
    rtp_ports: tuple[int, int] = (20000, 29999)
    #: What providers see of us behind a router; empty: what the machine itself sees.
    public_address: str = ""
    #: Where the switchboard waits for the node to call in (ws://host:port/…); empty: the switchboard calls the node.
    switchboard: str = ""


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a node of our own keeps what is its own, and where its modules and data lie."""

    own: Path
    modules: Path
    share: Path


def odd(choices: Choices) -> str | None:
    """The first choice that can't stand in a file of Asterisk's; None where all can."""
    for trunk in choices.trunks:
        if not _NAME.fullmatch(trunk.name):
            return trunk.name
        if not _HOST.fullmatch(trunk.host):
            return trunk.host
        for text in (trunk.user, trunk.password, *trunk.match):
            if not _PLAIN.fullmatch(text):
                return text
    names = {trunk.name for trunk in choices.trunks}
    for name in choices.extensions:
        if not _NAME.fullmatch(name) or name in names or name.lower().startswith(BROWSER):
            return name
    if not _NAME.fullmatch(choices.ari_user):
        return choices.ari_user
    for address in (choices.public_address, choices.sip_host):
        if address and not _HOST.fullmatch(address):
            return address
    if choices.switchboard and not is_switchboard(choices.switchboard):
        return choices.switchboard
    return None


def is_switchboard(address: str) -> bool:
    """Whether a node can call in there: ws://host:port/…, or wss:// where a proxy with TLS stands before it."""
    return _SWITCHBOARD.fullmatch(address) is not None


def can_hold(folder: Path) -> bool:
    """Whether the folder's name can stand in a file of Asterisk's and in its dialplan."""
    return _PLAIN.fullmatch(str(folder)) is not None and "," not in str(folder)


def own_files(choices: Choices, folders: Folders) -> dict[str, str]:
    """Every file of a node of our own, by name."""
    return {
        "asterisk.conf": _asterisk(folders),
        "modules.conf": _section("modules", "autoload=no", *(f"load={name}.so" for name in MODULES)),
        "logger.conf": _section("general", "dateformat=%F %T.%3q")
        + _section("logfiles", "messages.log=notice,warning,error"),
        "http.conf": _section(
            "general", "enabled=yes", "bindaddr=127.0.0.1", f"bindport={choices.ari_port}", "sessionlimit=400",
            "session_keep_alive=15000",
        ),
        "rtp.conf": _section(
            "general", f"rtpstart={choices.rtp_ports[0]}", f"rtpend={choices.rtp_ports[1]}", "icesupport=yes"
        ),
        "indications.conf": _section("general", "country=nl")
        + _section(
            "nl", "description=Netherlands", "ringcadence=1000,4000", "dial=425", "busy=425/500,0/500",
            "ring=425/1000,0/4000", "congestion=425/250,0/250", "callwaiting=425/500,0/9500",
            "dialrecall=425/500,0/50", "record=1400/500,0/15000", "info=950/330,1400/330,1800/330,0/1000",
            "stutter=425/500,0/50",
        ),
        "cdr.conf": _section("general", "enable=no"),
        "cel.conf": _section("general", "enable=no"),
        "manager.conf": _section("general", "enabled=no"),
        **{f"{name}.conf": _section("general") for name in ("ccss", "features", "udptl", "musiconhold")},
        "acl.conf": "",
        "pjproject.conf": _section("startup", "type=startup", "log_level=0"),
        "dsp.conf": _section("default", "silencethreshold=256"),
        "codecs.conf": _section("plc", "genericplc=yes"),
        "stasis.conf": _section("threadpool", "initial_size=5", "idle_timeout_sec=20", "max_size=50")
        + _section("declined_message_types", *(f"decline={name}" for name in UNHEARD)),
        **shared_files(choices),
    }  # fmt: skip


def shared_files(choices: Choices) -> dict[str, str]:
    """What an Asterisk that is there already needs for us: ARI user, transport, trunk, phones, dialplan."""
    files = {
        "ari.conf": _ari(choices),
        "pjsip.conf": _pjsip(choices),
        "sorcery.conf": _sorcery(),
        "extensions.conf": _dialplan(),
        "amd.conf": _section(
            "general", "total_analysis_time=4000", "silence_threshold=256", "initial_silence=2500", "greeting=1500",
            "after_greeting_silence=800", "min_word_length=100", "maximum_word_length=5000",
            "between_words_silence=50", "maximum_number_of_words=3",
        ),
    }  # fmt: skip
    files["websocket_client.conf"] = ""
    if choices.switchboard:
        files["websocket_client.conf"] = _section(
            APP, "type=websocket_client", f"uri={choices.switchboard}", "protocols=ari", f"username={choices.ari_user}",
            f"password={choices.ari_password}", "connection_type=persistent", "connection_timeout=2000",
            "reconnect_interval=500", "reconnect_attempts=1000000000", "tls_enabled="
            + ("yes" if choices.switchboard.startswith("wss:") else "no"),
        )  # fmt: skip
    return files


def _asterisk(folders: Folders) -> str:
    own = folders.own
    where = {
        "astetcdir": own, "astmoddir": folders.modules, "astvarlibdir": own / "lib", "astdbdir": own / "lib",
        "astkeydir": own / "lib", "astdatadir": folders.share, "astagidir": own / "agi-bin",
        "astspooldir": own / "spool", "astrundir": own / "run", "astlogdir": own / "log", "astsbindir": own,
        "astcachedir": own / "cache",
    }  # fmt: skip
    return _section("directories", *(f"{name} => {path}" for name, path in where.items())) + _section(
        "options", "systemname=leadbell", "verbose=0", "debug=0", "hideconnect=yes", "live_dangerously=no",
        "cache_media_frames=no",
    )  # fmt: skip


def _ari(choices: Choices) -> str:
    text = _section("general", "enabled=yes", "pretty=no", "websocket_write_timeout=1000")
    text += _section(
        choices.ari_user,
        "type=user",
        "read_only=no",
        "password_format=plain",
        f"password={choices.ari_password}",
    )
    if choices.switchboard:
        text += _section(
            f"{APP}-switchboard", "type=outbound_websocket", f"websocket_client_id={APP}", f"apps={APP}",
            f"local_ari_user={choices.ari_user}", "subscribe_all=no",
        )  # fmt: skip
    return text


def _pjsip(choices: Choices) -> str:
    public: tuple[str, ...] = ()
    if choices.public_address:
        public = (
            f"external_signaling_address={choices.public_address}",
            f"external_media_address={choices.public_address}",
            "local_net=10.0.0.0/8",
            "local_net=172.16.0.0/12",
            "local_net=192.168.0.0/16",
        )
    text = _section("global", "type=global", "user_agent=Leadbell", "endpoint_identifier_order=username,ip")
    text += _section(
        "transport-udp", "type=transport", "protocol=udp", f"bind={choices.sip_host}:{choices.sip_port}", *public
    )  # fmt: skip
    # Browsers come through the web's front door to the HTTP server, which has the address.
    text += _section("transport-ws", "type=transport", "protocol=ws", "bind=127.0.0.1", *public)
    for trunk in choices.trunks:
        text += _trunk(trunk)
    for name, password in choices.extensions.items():
        text += _section(
            name, "type=endpoint", "transport=transport-udp", f"context={INBOUND}-none", "disallow=all",
            "allow=ulaw,alaw,g722", f"auth={name}", f"aors={name}", *_MEDIA,
        )  # fmt: skip
        text += _section(name, "type=auth", "auth_type=userpass", f"username={name}", f"password={password}")
        text += _section(
            name, "type=aor", "max_contacts=1", "remove_existing=yes", "minimum_expiration=30", "qualify_frequency=0"
        )  # fmt: skip
    return text


def _sorcery() -> str:
    """Phones in browsers are made while they are connected, and kept in memory alone."""
    kinds = ("endpoint", "auth", "aor")
    return _section(
        "res_pjsip",
        *(
            line
            for kind in kinds
            for line in (f"{kind}=config,pjsip.conf,criteria=type={kind}", f"{kind}=memory")
        ),
    )


#: A phone that sends nothing for a minute has died: its call ends.
_MEDIA = (
    "dtmf_mode=rfc4733", "direct_media=no", "rtp_symmetric=yes", "force_rport=yes", "timers=no", "rtp_timeout=60",
)  # fmt: skip


def _trunk(trunk: Trunk) -> str:
    name = trunk.name
    signs_in = (f"outbound_auth={name}",) if trunk.user else ()
    # Known by its addresses alone: anybody can call themselves "trunk" in a From.
    text = _section(
        name, "type=endpoint", "identify_by=ip", "transport=transport-udp", f"context={INBOUND}", "disallow=all",
        "allow=alaw,ulaw", f"aors={name}", *_MEDIA, "send_pai=yes", "trust_id_inbound=yes",
        f"from_domain={trunk.host.partition(':')[0]}", *signs_in,
    )  # fmt: skip
    text += _section(name, "type=aor", f"contact=sip:{trunk.host}", f"qualify_frequency={trunk.check_s}",
                     f"qualify_timeout={CHECKED_WITHIN_S}.0")  # fmt: skip
    matches = (trunk.host.partition(":")[0], *trunk.match)
    text += _section(name, "type=identify", f"endpoint={name}", *(f"match={host}" for host in matches))
    if trunk.user:
        text += _section(
            name, "type=auth", "auth_type=userpass", f"username={trunk.user}", f"password={trunk.password}"
        )
        text += _section(
            name, "type=registration", "transport=transport-udp", f"outbound_auth={name}",
            f"server_uri=sip:{trunk.host}", f"client_uri=sip:{trunk.user}@{trunk.host}",
            f"contact_user={trunk.user}", "retry_interval=20", "forbidden_retry_interval=300", "max_retries=1000000000",
        )  # fmt: skip
    return text


def _dialplan() -> str:
    """Three short ways: a recording begins before the bridge, a voicemail is listened for, a customer calls."""
    ours = f"Stasis({APP},"
    arrived = f"{ours}{ARRIVED},${{EXTEN}},${{CALLERID(num-pres)}},${{PJSIP_HEADER(read,To)}})"
    hang_up = " same => n,Hangup()"
    return (
        _section(RECORD, f"exten => s,1,MixMonitor(${{{RECORDING}}},D)", f" same => n,{ours}{RECORDED})", hang_up)
        + _section(
            DETECT, "exten => s,1,AMD()", f" same => n,{ours}{DETECTED},${{AMDSTATUS}},${{AMDCAUSE}})", hang_up
        )
        # Numbers; and names of two letters and more, since those of one letter are Asterisk's own.
        + _section(INBOUND, *(
            line for what in ("_[+0-9].", "_[a-zA-Z].", "s") for line in (f"exten => {what},1,{arrived}", hang_up)
        ))
    )  # fmt: skip


def _section(name: str, *lines: str) -> str:
    return "\n".join((f"[{name}]", *lines)) + "\n\n"
