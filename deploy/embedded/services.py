"""All services as one process: `python -m embedded.services`. Its settings are the environment."""

from __future__ import annotations

from case_router.app import open_service as router
from intake_email.app import open_service as email
from intake_email.worker import open_worker as email_worker
from intake_mail.app import open_service as mail
from intake_phone.app import open_service as phone
from intake_phone.transcribe import open_transcriber as transcriber
from reporting.app import open_service as reporting
from speakup.process import run
from speakup.settings import Common

if __name__ == "__main__":
    run([phone, transcriber, email, email_worker, mail, router, reporting], Common())
