"""Talks to a running switch as a stranger would: pyiso8583 and plain sockets, nothing of this project.

Plays every card of the demo data, repeats, conflicts, reversals and inquiries, and checks each answer
and each balance to the cent. It gives back what it takes, so it can be run again on the same books.

Usage: outside_client.py HOST PORT
Prints one line per check and "N checks passed"; exit 1 at the first check that does not hold, with what
was expected and what came. Card numbers are printed masked.
"""

import datetime
import os
import socket
import struct
import sys
import time

import iso8583
from iso8583.specs import default_ascii

CREDIT = "4000001200000016"
LOW = "4000001200000024"
EXPIRED = "4000001200000032"
BLOCKED = "4000001200000040"
LOST = "4000001200000057"
STOLEN = "4000001200000065"
DEBIT = "4000001200000073"
PREPAID = "4000001200000081"
COMBO = "4000001200000099"
ACCOUNT_BLOCKED = "4000001200000107"
CANCELED = "4000001200000115"
UNKNOWN = "4000001200000123"

PURCHASE, PURCHASE_DEBIT, PURCHASE_DEFAULT = "003000", "002000", "000000"
CASH, CASHBACK, CASHBACK_DEBIT = "013000", "093000", "092000"
REFUND, REFUND_DEBIT = "200030", "200020"
INQUIRY, INQUIRY_DEBIT, INQUIRY_DEFAULT = "313000", "312000", "310000"
VERIFICATION = "333000"

ECHOED = ["2", "3", "4", "7", "11", "12", "13", "32", "33", "37", "41", "42", "49"]
NEVER_RETURNED = ["14", "35", "45", "52", "55"]
COPIED_TO_REVERSAL = ["2", "3", "4", "32", "33", "37", "41", "42", "49"]
ANSWER_SECONDS = 5


class NotHeld(Exception):
    """A check that did not hold: what was expected and what came."""


class Client:
    """One link to the switch and the count of what was checked on it."""

    def __init__(self, host, port):
        self.socket = socket.create_connection((host, port), timeout=ANSWER_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stan = (time.time_ns() // 1000 + os.getpid() * 7919) % 999_999
        self.checks = 0

    def check(self, what, expected, actual):
        if expected != actual:
            raise NotHeld(f"{what}: expected {expected!r}, got {actual!r}")
        self.checks += 1
        print(f"ok  {what}: {actual}")

    # Frames: two bytes of length, then the message.

    def send_body(self, body):
        self.socket.sendall(struct.pack(">H", len(body)) + body)

    def receive_body(self):
        (length,) = struct.unpack(">H", self.receive_exactly(2))
        return self.receive_exactly(length)

    def receive_exactly(self, count):
        received = b""
        while len(received) < count:
            try:
                piece = self.socket.recv(count - len(received))
            except TimeoutError:
                raise NotHeld(f"expected an answer within {ANSWER_SECONDS} s, got none") from None
            if not piece:
                raise NotHeld("expected an answer, got a closed link")
            received += piece
        return received

    def ask(self, message, changed=()):
        """Sends a message and returns the decoded answer, held to what every answer owes, but for the
        elements that the switch may have changed."""
        body, _ = iso8583.encode(dict(message), default_ascii)
        self.send_body(bytes(body))
        while True:
            answer, _ = iso8583.decode(self.receive_body(), default_ascii)
            if answer["t"] == "0800":
                self.acknowledge(answer)
                continue
            break
        mti = message["t"]
        due = mti[:2] + {"0": "1", "2": "3"}[mti[2]] + "0"
        expect("message type", due, answer["t"])
        expect("DE11 of the answer", message["11"], answer.get("11"))
        owed = ECHOED + (["90"] if mti[1] == "4" else []) + (["70"] if mti[1] == "8" else [])
        for field in owed:
            if field in message and field not in changed:
                expect(f"DE{field} of the {due}", message[field], answer.get(field))
        for field in NEVER_RETURNED:
            expect(f"DE{field} of the {due}", None, answer.get(field))
        if "39" not in answer:
            raise NotHeld(f"DE39 of the {due}: expected to be present, is absent")
        return answer

    def acknowledge(self, request):
        """Answers a network management request of the switch."""
        answer = {"t": "0810", "7": request["7"], "11": request["11"], "39": "00"}
        if "70" in request:
            answer["70"] = request["70"]
        body, _ = iso8583.encode(answer, default_ascii)
        self.send_body(bytes(body))

    # Messages.

    def fresh(self, mti):
        self.stan = self.stan % 999_999 + 1
        now = datetime.datetime.now(datetime.timezone.utc)
        return {"t": mti, "7": now.strftime("%m%d%H%M%S"), "11": f"{self.stan:06d}"}

    def request(self, pan, code, minor=None, mti="0100", **more):
        """A cardholder's request; further elements as de14="2912", None takes one away."""
        message = self.fresh(mti)
        now = datetime.datetime.now(datetime.timezone.utc)
        message |= {
            "2": pan,
            "3": code,
            "12": now.strftime("%H%M%S"),
            "13": now.strftime("%m%d"),
            "14": "2912",
            "18": "5411",
            "22": "012",
            "25": "00",
            "32": "200002",
            "37": now.strftime("0%j%H") + message["11"],
            "41": "TERM0002",
            "42": "OUTSIDE SHOP 01",
            "49": "840",
        }
        if minor is not None:
            message["4"] = f"{minor:012d}"
        message |= {name.removeprefix("de"): value for name, value in more.items()}
        return {field: value for field, value in message.items() if value is not None}

    def reversal(self, original, mti="0400"):
        message = self.fresh(mti)
        message |= {field: original[field] for field in COPIED_TO_REVERSAL if field in original}
        message["90"] = (
            original["t"]
            + original["11"]
            + original["7"]
            + original.get("32", "").rjust(11, "0")
            + original.get("33", "").rjust(11, "0")
        )
        return message

    # Checks.

    def available(self, pan, code):
        return self.balances(pan, code)["02"]

    def balances(self, pan, code):
        """Ledger (01) and available (02) balance in minor units."""
        answer = self.ask(self.request(pan, code))
        expect("DE39 of the inquiry", "00", answer["39"])
        blocks = answer.get("54", "")
        expect("length of DE54", 40, len(blocks))
        found = {}
        for at in range(0, len(blocks), 20):
            block = blocks[at : at + 20]
            expect("currency of DE54", "840", block[4:7])
            expect("sign in DE54", True, block[7] in "CD")
            expect("digits in DE54", True, block[8:20].isdigit())
            found[block[2:4]] = int(block[8:20]) * (1 if block[7] == "C" else -1)
        expect("amount types of DE54", ["01", "02"], sorted(found))
        return found

    def approved(self, what, message):
        answer = self.ask(message)
        self.check(what, "00", answer["39"])
        if message["t"][1] in "12":
            expect("length of DE38", 6, len(answer.get("38", "")))
        return answer

    def declined(self, what, code, message):
        answer = self.ask(message)
        self.check(what, code, answer["39"])
        expect("DE38 of a decline", None, answer.get("38"))

    def moves(self, what, message, inquiry, by):
        """An approval moves the available balance by exactly `by`; its reversal gives it back."""
        pan = message["2"]
        before = self.available(pan, inquiry)
        self.approved(what, message)
        self.check(f"{what}, available after", before + by, self.available(pan, inquiry))
        self.approved(f"{what}, reversed", self.reversal(message))
        self.check(f"{what}, given back", before, self.available(pan, inquiry))


def expect(what, expected, actual):
    """Like a check, but too small to be counted."""
    if expected != actual:
        raise NotHeld(f"{what}: expected {masked(expected)!r}, got {masked(actual)!r}")


def masked(value):
    """First six and last four of anything that could be a card number."""
    if isinstance(value, str) and value.isdigit() and 13 <= len(value) <= 19:
        return value[:6] + "*" * (len(value) - 10) + value[-4:]
    return value


def approvals(client):
    request = client.request
    before = client.balances(CREDIT, INQUIRY)
    client.check("a fresh credit card has 5000.00 available", 500_000, before["02"])
    purchase = request(CREDIT, PURCHASE, 1250)
    client.approved("credit purchase of 12.50", purchase)
    after = client.balances(CREDIT, INQUIRY)
    client.check("available falls", before["02"] - 1250, after["02"])
    client.check("ledger keeps a pending authorization", before["01"], after["01"])
    client.approved("its reversal", client.reversal(purchase))
    client.check("both are back", before, client.balances(CREDIT, INQUIRY))

    client.moves("credit, all of 5000.00", request(CREDIT, PURCHASE, 500_000), INQUIRY, -500_000)
    client.moves("cash, all of 1000.00", request(CREDIT, CASH, 100_000), INQUIRY, -100_000)
    client.moves(
        "instalments, all of 3000.00",
        request(CREDIT, PURCHASE, 300_000, de67="03"),
        INQUIRY,
        -300_000,
    )
    client.moves("single message", request(CREDIT, PURCHASE, 2000, mti="0200"), INQUIRY, -2000)
    client.moves("10.00 of 10.00", request(LOW, PURCHASE, 1000), INQUIRY, -1000)
    handed_out = "3040840D000000002000"
    cashback = request(CREDIT, CASHBACK, 5000, de54=handed_out)
    client.moves("purchase with cashback", cashback, INQUIRY, -5000)
    client.moves("refund", request(CREDIT, REFUND, 1000), INQUIRY, 1000)

    balances = client.balances(DEBIT, INQUIRY_DEBIT)
    client.check("debit: ledger 200.00, available 250.00", {"01": 20_000, "02": 25_000}, balances)
    client.moves("debit, all of 250.00", request(DEBIT, PURCHASE_DEBIT, 25_000), INQUIRY_DEBIT, -25_000)
    cashback = request(DEBIT, CASHBACK_DEBIT, 5000, de54="2040840D000000002000")
    client.moves("debit cashback", cashback, INQUIRY_DEBIT, -5000)
    client.moves("debit refund", request(DEBIT, REFUND_DEBIT, 1000), INQUIRY_DEBIT, 1000)
    client.check("prepaid has 100.00", 10_000, client.available(PREPAID, INQUIRY_DEFAULT))
    prepaid = request(PREPAID, PURCHASE_DEFAULT, 10_000)
    client.moves("prepaid, all of 100.00", prepaid, INQUIRY_DEFAULT, -10_000)


def declines(client):
    request = client.request
    for what, code, message in [
        ("credit above 5000.00", "51", request(CREDIT, PURCHASE, 500_001)),
        ("cash above 1000.00", "61", request(CREDIT, CASH, 100_001)),
        ("instalments above 3000.00", "51", request(CREDIT, PURCHASE, 300_001, de67="03")),
        ("10.01 of 10.00", "51", request(LOW, PURCHASE, 1001)),
        ("expired card", "54", request(EXPIRED, PURCHASE, 1000, de14="2001")),
        ("expiry that is not the card's", "54", request(CREDIT, PURCHASE, 1000, de14="3012")),
        ("blocked card", "62", request(BLOCKED, PURCHASE, 1000)),
        ("lost card", "41", request(LOST, PURCHASE, 1000)),
        ("stolen card", "43", request(STOLEN, PURCHASE, 1000)),
        ("canceled card", "14", request(CANCELED, PURCHASE, 1000)),
        ("unknown card", "14", request(UNKNOWN, PURCHASE, 1000)),
        ("debit beyond 250.00", "51", request(DEBIT, PURCHASE_DEBIT, 25_001)),
        ("prepaid above 100.00", "51", request(PREPAID, PURCHASE_DEFAULT, 10_001)),
        ("processing code without configuration", "57", request(CREDIT, "883000", 1000)),
        ("processing code not in the table", "12", request(CREDIT, "773000", 1000)),
        ("zero amount", "13", request(CREDIT, PURCHASE, 0)),
        ("no amount", "30", request(CREDIT, PURCHASE)),
        ("no currency", "30", request(CREDIT, PURCHASE, 1000, de49=None)),
    ]:
        client.declined(what, code, message)
    client.check("credit did not move", 500_000, client.available(CREDIT, INQUIRY))
    client.check("low credit did not move", 1000, client.available(LOW, INQUIRY))
    client.check("debit did not move", 25_000, client.available(DEBIT, INQUIRY_DEBIT))
    client.check("prepaid did not move", 10_000, client.available(PREPAID, INQUIRY_DEFAULT))

    client.declined("blocked account, purchase", "62", request(ACCOUNT_BLOCKED, PURCHASE, 1000))
    refund = request(ACCOUNT_BLOCKED, REFUND, 1000)
    client.approved("blocked account, refund", refund)
    client.approved("blocked account, refund reversed", client.reversal(refund))


def combo(client):
    request = client.request
    inquiries = {"credit": INQUIRY, "debit": INQUIRY_DEBIT}
    before = {kind: client.available(COMBO, code) for kind, code in inquiries.items()}
    client.check("combo balances", {"credit": 200_000, "debit": 30_000}, before)
    for code, moved, minor in [
        (PURCHASE, "credit", 200_000),
        (PURCHASE_DEBIT, "debit", 30_000),
        (PURCHASE_DEFAULT, "credit", 4000),
    ]:
        purchase = request(COMBO, code, minor)
        client.approved(f"combo {code}", purchase)
        due = dict(before)
        due[moved] -= minor
        after = {kind: client.available(COMBO, inquiry) for kind, inquiry in inquiries.items()}
        client.check(f"combo {code} moves {moved} only", due, after)
        client.approved(f"combo {code} reversed", client.reversal(purchase))
        after = {kind: client.available(COMBO, inquiry) for kind, inquiry in inquiries.items()}
        client.check(f"combo {code} given back", before, after)
    client.declined("combo debit above 300.00", "51", request(COMBO, PURCHASE_DEBIT, 30_001))


def repeats_and_conflicts(client):
    before = client.available(CREDIT, INQUIRY)
    purchase = client.request(CREDIT, PURCHASE, 1250)
    first = client.approved("purchase", purchase)
    for mti in ["0101", "0100"]:
        again = client.approved(f"repeated as {mti}", purchase | {"t": mti})
        client.check("the stored authorization id", first["38"], again["38"])
    client.check("moved once", before - 1250, client.available(CREDIT, INQUIRY))
    other = purchase | {"4": f"{1350:012d}"}
    client.declined("same key, other amount", "94", other)
    client.check("the conflict moved nothing", before - 1250, client.available(CREDIT, INQUIRY))

    reversal = client.reversal(purchase)
    client.approved("reversal", reversal)
    client.check("given back", before, client.available(CREDIT, INQUIRY))
    client.approved("second reversal", client.reversal(purchase))
    client.approved("reversal repeated as 0401", reversal | {"t": "0401"})
    client.check("given back once", before, client.available(CREDIT, INQUIRY))

    purchase = client.request(CREDIT, PURCHASE, 1250)
    client.approved("another purchase", purchase)
    advice = client.reversal(purchase, "0420")
    client.approved("reversal advice", advice)
    client.approved("advice repeated as 0421", advice | {"t": "0421"})
    client.check("given back once by advice", before, client.available(CREDIT, INQUIRY))


def unknown_originals(client):
    before = client.available(CREDIT, INQUIRY)
    for mti, code in [("0400", "25"), ("0420", "00")]:
        never_arrived = client.request(CREDIT, PURCHASE, 1250)
        answer = client.ask(client.reversal(never_arrived, mti))
        client.check(f"{mti} of the unknown", code, answer["39"])
        client.declined(f"original arriving after the {mti}", "05", never_arrived)
    client.check("nothing moved", before, client.available(CREDIT, INQUIRY))


def verifications(client):
    """DE123 brings nine characters of postal code and an address; DE44 says how they compare."""
    before = client.available(CREDIT, INQUIRY)
    for what, address, result in [
        ("no address", None, None),
        ("address and postal code", "12345    12 SAMPLE STREET", "Y"),
        ("another street", "12345    99 OTHER ROAD", "Z"),
        ("another postal code", "99999    12 SAMPLE STREET", "A"),
        ("neither", "99999    99 OTHER ROAD", "N"),
    ]:
        answer = client.ask(client.request(CREDIT, VERIFICATION, 0, de123=address))
        client.check(f"verification: {what}", ("85", result), (answer["39"], answer.get("44")))
    client.declined("verification with an amount", "13", client.request(CREDIT, VERIFICATION, 100))
    client.check("a verification moves nothing", before, client.available(CREDIT, INQUIRY))


def partial_approval(client):
    """A terminal that says 1 in DE60 gets what is there: DE39 10, approved in DE4, asked in DE54."""
    before = client.available(PREPAID, INQUIRY_DEFAULT)
    purchase = client.request(PREPAID, PURCHASE_DEFAULT, 15_000, de60="1")
    answer = client.ask(purchase, changed=["4"])
    said = (answer["39"], answer["4"], answer.get("54"))
    due = ("10", f"{before:012d}", "0057840D000000015000")
    client.check("a part is approved", due, said)
    client.check("the part is taken", 0, client.available(PREPAID, INQUIRY_DEFAULT))
    client.approved("partial approval reversed", client.reversal(purchase))
    client.check("the part is given back", before, client.available(PREPAID, INQUIRY_DEFAULT))


def pre_authorization(client):
    """A hold of 100.00 that an advice clears for 80.00, and the reversal of that."""
    before = client.balances(CREDIT, INQUIRY)
    hold = client.request(CREDIT, PURCHASE, 10_000, de25="06")
    client.approved("pre-authorization", hold)
    completion = client.reversal(hold, "0220") | {"4": f"{8000:012d}", "39": "00"}
    client.check("completion", "00", client.ask(completion)["39"])
    cleared = {kind: balance - 8000 for kind, balance in before.items()}
    client.check("cleared for less", cleared, client.balances(CREDIT, INQUIRY))
    client.approved("completion reversed", client.reversal(completion, "0420"))
    client.check("all is given back", before, client.balances(CREDIT, INQUIRY))


def network_management(client):
    for what, code in [("sign-on", "001"), ("echo", "301"), ("sign-off", "002"), ("echo", "301")]:
        client.approved(what, client.fresh("0800") | {"70": code})


def format_errors(client):
    message = client.request(CREDIT, PURCHASE, 1250)
    body, encoded = iso8583.encode(dict(message), default_ascii)
    body = bytes(body)
    amount = encoded["4"]["data"]
    for what, broken in [
        ("letters in DE4", body.replace(amount, b"00000000A2B0", 1)),
        ("cut short", body[:-3]),
        ("bytes after the end", body + b"00"),
    ]:
        client.send_body(broken)
        answer, _ = iso8583.decode(client.receive_body(), default_ascii)
        client.check(what, ("0110", "30"), (answer["t"], answer.get("39")))
        expect("DE11 of the format error", message["11"], answer.get("11"))
    client.approved("the link goes on", client.fresh("0800") | {"70": "301"})


def main():
    if len(sys.argv) != 3 or not sys.argv[2].isdigit():
        print("usage: outside_client.py HOST PORT", file=sys.stderr)
        return 2
    try:
        client = Client(sys.argv[1], int(sys.argv[2]))
        for part in [
            network_management,
            approvals,
            declines,
            combo,
            repeats_and_conflicts,
            unknown_originals,
            verifications,
            partial_approval,
            pre_authorization,
            format_errors,
        ]:
            part(client)
    except (NotHeld, OSError, iso8583.DecodeError) as failure:
        print(f"FAIL  {failure}", file=sys.stderr)
        return 1
    print(f"{client.checks} checks passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
