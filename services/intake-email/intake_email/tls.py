"""The certificate for STARTTLS: the company's, or a self-signed one made at the first start."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from intake_email.settings import Settings
from speakup.keys import write_file


def server_context(settings: Settings) -> ssl.SSLContext:
    """For the server. Raises OSError or ssl.SSLError where a configured file can't be used."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    cert, key = settings.smtp_tls_cert, settings.smtp_tls_key
    if cert is None:
        cert, key = _self_signed(settings.var / "tls", settings.smtp_hostname)
    context.load_cert_chain(cert, key)
    return context


def _self_signed(folder: Path, hostname: str) -> tuple[Path, Path]:
    cert, key = folder / "smtp.crt", folder / "smtp.key"
    if cert.exists() and key.exists():
        return cert, key
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hostname)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3650))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(hostname)]), critical=False)
        .sign(private, hashes.SHA256())
    )
    write_file(
        key,
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
        0o600,
    )
    # Last: where the certificate is there, the key is, too.
    write_file(cert, signed.public_bytes(serialization.Encoding.PEM), 0o644)
    return cert, key
