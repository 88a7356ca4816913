"""Thunderbird without a window, which sets up one account as its own dialogue does; run as a program inside a lab.

Asked is {"profile", "ca", "address", "password", "way"}: a folder, the authority's certificate (PEM), whose account,
and whether its settings come by "fetchConfigFromExchange" (Autodiscover) or by "fromISP" (its configuration file).
Answered are the incoming servers that were found, and the folders of the account that was made of the Exchange one.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.integration.process import wait_until

_PORT = 2828
_PATIENCE = 60
_COMMAND = ("thunderbird", "--headless", "--marionette", "-remote-allow-system-access", "--no-remote", "--profile")

_PREFERENCES = {
    "app.update.enabled": False,
    "datareporting.policy.dataSubmissionPolicyBypassNotification": True,
    "mailnews.start_page.enabled": False,
    "mailnews.auto_config.guess.enabled": False,
}

_STORY = """
const [asked, done] = arguments;
const {way, ca, address, password} = asked;
const at = "resource:///modules/accountcreation/";
(async () => {
  const base64 = ca.replace(/-----[A-Z ]+-----/g, "").replace(/\\s/g, "");
  Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB).addCertFromBase64(base64, "CT,CT,CT");
  const {AccountConfig} = ChromeUtils.importESModule(at + "AccountConfig.sys.mjs");
  const {CreateInBackend} = ChromeUtils.importESModule(at + "CreateInBackend.sys.mjs");
  const {FetchConfig} = ChromeUtils.importESModule(at + "FetchConfig.sys.mjs");
  const {FindConfig} = ChromeUtils.importESModule(at + "FindConfig.sys.mjs");
  const {fetchConfigFromExchange} = ChromeUtils.importESModule(at + "ExchangeAutoDiscover.sys.mjs");
  const domain = address.split("@")[1];
  const signal = new AbortController().signal;
  const config = way === "fromISP"
    ? await FetchConfig.fromISP(domain, address, signal)
    : await fetchConfigFromExchange(domain, address, signal, null, password, async () => {});
  const found = [config.incoming, ...config.incomingAlternatives];
  const answer = {
    source: config.subSource,
    incoming: found.map(one => [one.type, one.hostname, one.port, one.exchangeURL || ""]),
    outgoing: [config.outgoing.type, config.outgoing.hostname, config.outgoing.port],
  };
  FindConfig.ewsifyConfig(config);
  config.incoming = [config.incoming, ...config.incomingAlternatives].find(one => one.type === "ews");
  AccountConfig.replaceVariables(config, "Somebody", address, password);
  config.rememberPassword = true;
  const account = await CreateInBackend.createAccountInBackend(config);
  account.incomingServer.performExpand(null);
  const until = Date.now() + 30000;
  let names = [];
  while (!names.includes("Inbox") && Date.now() < until) {
    await new Promise(resolve => setTimeout(resolve, 100));
    names = account.incomingServer.rootFolder.descendants.map(folder => folder.name);
  }
  return {...answer, url: account.incomingServer.getStringValue("ews_url"), folders: names.sort()};
})().then(done, error => done({error: `${error} ${(error.errors || []).join("; ")} ${error.stack}`}));
"""


class Marionette:
    """The remote control of Mozilla's programs: `LENGTH:[0, id, command, parameters]` over TCP."""

    def __init__(self) -> None:
        self._wire = socket.create_connection(("127.0.0.1", _PORT), _PATIENCE)
        self._stream = self._wire.makefile("rb")
        self._count = 0
        self._read()  # who it is

    def call(self, command: str, **parameters: Any) -> Any:
        """Return what a command comes to; an error is raised."""
        self._count += 1
        said = json.dumps([0, self._count, command, parameters]).encode()
        self._wire.sendall(b"%d:%b" % (len(said), said))
        _, _, error, result = self._read()
        if error:
            raise RuntimeError(error)
        return result

    def _read(self) -> Any:
        length = b""
        while (character := self._stream.read(1)) not in {b":", b""}:
            length += character
        return json.loads(self._stream.read(int(length)))


def main(asked: dict[str, str]) -> Any:
    """Start it, have it set the account up, end it."""
    profile = Path(asked["profile"])
    profile.mkdir()
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in _PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines))
    environment = {**os.environ, "MOZ_HEADLESS": "1", "MOZ_CRASHREPORTER_DISABLE": "1"}
    process = subprocess.Popen([*_COMMAND, profile], env=environment, stdout=sys.stderr, stderr=sys.stderr)
    try:
        wait_until(_listens, "Thunderbird to listen", _PATIENCE)
        marionette = Marionette()
        marionette.call(
            "WebDriver:NewSession", capabilities={"alwaysMatch": {"timeouts": {"script": 1000 * _PATIENCE}}}
        )
        marionette.call("Marionette:SetContext", value="chrome")
        return marionette.call("WebDriver:ExecuteAsyncScript", script=_STORY, args=[asked])["value"]
    finally:
        process.kill()
        process.wait()


def _listens() -> bool:
    try:
        socket.create_connection(("127.0.0.1", _PORT)).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.stdout.write(f"{json.dumps(main(json.loads(sys.argv[1])))}\n")
