#!/bin/sh
# Expected: zeep finds the SOAP part of a multipart/related answer by the parameter start, wherever it stands (RFC 2387, 3.2).
# Seen: it takes the first part. With the attachment in front, it raises TransportError ("invalid XML") though the status is 200 and
#   start names the second. get_by_content_id wants the angle brackets that cid: addresses do not have.
# Version: zeep 4.3.3. Date: 2026-12-01. Source: the behaviour of the package, run as below.
. "$(dirname "$0")/start"
install zeep==4.3.3
cat > "$here/try.py" <<'EOF'
import http.server
import importlib.metadata
import sys
import threading

import zeep

WSDL = """<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/"
  xmlns:x="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t" targetNamespace="urn:t"><types><x:schema targetNamespace="urn:t">
  <x:element name="Ask" type="x:string"/><x:element name="Told" type="x:string"/></x:schema></types>
  <message name="i"><part name="p" element="t:Ask"/></message><message name="o"><part name="p" element="t:Told"/></message>
  <portType name="P"><operation name="Go"><input message="t:i"/><output message="t:o"/></operation></portType>
  <binding name="B" type="t:P"><s:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
  <operation name="Go"><s:operation soapAction=""/><input><s:body use="literal"/></input><output><s:body use="literal"/></output>
  </operation></binding><service name="S"><port name="p" binding="t:B"><s:address location="http://127.0.0.1:%d/"/></port>
  </service></definitions>"""
SOAP = b"""--b1\r\nContent-Type: text/xml; charset=utf-8\r\nContent-ID: <soap>\r\n\r\n
<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><Told xmlns="urn:t">yes</Told></e:Body></e:Envelope>
\r\n""".replace(b"\r\n\r\n\n", b"\r\n\r\n")
PICTURE = b"--b1\r\nContent-Type: image/gif\r\nContent-ID: <pic>\r\nContent-Transfer-Encoding: binary\r\n\r\nGIF89a\r\n"
ANSWERS = [SOAP + PICTURE + b"--b1--\r\n", PICTURE + SOAP + b"--b1--\r\n"]
seen = []


class Server(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        answer = ANSWERS[len(seen)]
        self.send_response(200)
        self.send_header("Content-Type", 'multipart/related; boundary="b1"; type="text/xml"; start="<soap>"')
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
with open(sys.argv[1], "w") as file:
    file.write(WSDL % server.server_port)
service = zeep.Client(sys.argv[1]).service
found = service.Go("x")
ids = [found.get_by_content_id(one) is not None for one in ("pic", "<pic>")]
seen.append(found.root)
try:
    seen.append(service.Go("x").root)
except zeep.exceptions.TransportError as error:
    seen.append("TransportError" if "invalid XML" in str(error) else str(error))
print(f"zeep {importlib.metadata.version('zeep')}: SOAP first: {seen[0]}; SOAP second: {seen[1]}; found by pic, <pic>: {ids}")
sys.exit(seen != ["yes", "TransportError"] or ids != [False, True])
EOF
timeout 60 "$here/venv/bin/python" "$here/try.py" "$here/made.wsdl"
