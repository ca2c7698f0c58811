"""The key that signs the audit log's heads, and the file of the one to verify them with (`speakup.signing`)."""

SIGNING = "audit-signing"
PUBLIC_FILE = "audit.pem"
