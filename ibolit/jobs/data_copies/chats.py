"""A chat in a copy: its page, its JSON, its files and the conclusions given in it."""

from __future__ import annotations

from collections.abc import Sequence

from ...conclusion_document import conclusion_document
from ...database import release
from ...models import Attachment, Chat, Conclusion, Consultation, Message, User, Variant
from ...models.my_data import contents
from ...models.my_data.contents import ChatSize
from ...services import current_services, pdf
from ...services.media import with_true_extension
from . import records
from .archive import Archive, JsonList, as_json, file_name
from .pages import StreamedPage
from .progress import Progress

SHOWN_AS = {True: (".m4a", "audio/mp4"), False: (".jpg", "image/jpeg")}  # by whether it is heard


class ChatWriter:
    """Files first, for the page says where they are. `folder` is the chat's place in the copy."""

    def __init__(self, archive: Archive, reader: User, chat: Chat, folder: str, progress: Progress) -> None:
        self.chat, self.folder = chat, folder
        self._archive, self._reader, self._progress = archive, reader, progress
        self._paths: dict[int, str] = {}  # of originals
        self._shown: dict[int, str] = {}  # of what browsers open, where that is another file
        self._pdfs: dict[int, str] = {}
        self._names = {chat.patient_id: chat.patient.name, chat.doctor.user_id: chat.doctor.user.name}

    def write(self, size: ChatSize) -> None:
        consultations = contents.consultations_of(self.chat.id)
        self._write_conclusions(consultations)
        self._write_files(size.last_seq)
        self._write_messages(consultations, size.last_seq)

    def record(self, size: ChatSize) -> records.Record:
        return records.chat(self.chat, self.folder, size.messages, size.files)

    def _write_conclusions(self, consultations: Sequence[Consultation]) -> None:
        for consultation in consultations:
            for conclusion in consultation.conclusions:
                path = f"{self.folder}/conclusions/{consultation.id}-{conclusion.version}.pdf"
                self._archive.add(path, self._pdf_of(consultation, conclusion))
                self._pdfs[conclusion.id] = path
                self._progress.count()

    def _pdf_of(self, consultation: Consultation, conclusion: Conclusion) -> bytes:
        document = conclusion_document(consultation, conclusion)
        release()  # nothing of the database is held while it is made
        return pdf.render(document)

    def _write_files(self, last_seq: int) -> None:
        after = 0
        while files := contents.files_after(self.chat.id, after, last_seq):
            after = files[-1].id
            release()
            for file in files:
                self._write_file(file)
                self._progress.count()

    def _write_file(self, file: Attachment) -> None:
        """What the storage has lost is left out: the page says so."""
        original = self._add(file, Variant.ORIGINAL, file.name)
        if original is None:
            return
        self._paths[file.id] = original
        if file.has_shown:
            shown = self._add(file, Variant.SHOWN, with_true_extension(*SHOWN_AS[file.is_sound], file.name))
            if shown is not None:
                self._shown[file.id] = shown

    def _add(self, file: Attachment, variant: Variant, name: str) -> str | None:
        place = "files" if variant is Variant.ORIGINAL else "shown"
        path = f"{self.folder}/{place}/{file_name(file.id, name)}"
        try:
            pieces = current_services.storage.read(file.file_of(variant))
        except FileNotFoundError:
            return None
        self._archive.add_pieces(path, pieces, self._progress.count_nothing)
        return path

    def _write_messages(self, consultations: Sequence[Consultation], last_seq: int) -> None:
        told = [records.consultation(one, self._pdfs) for one in consultations]
        before = '{"consultations": ' + as_json(told).decode() + ',\n"messages": ['
        with (
            self._archive.aside(f"{self.folder}/chat.json") as file,
            self._archive.entry(f"{self.folder}/index.html") as entry,
        ):
            page = StreamedPage(
                entry, "data_copy/chat.html", chat=self.chat, reader=self._reader, zone=self._reader.zone,
                consultations=consultations, pdfs=self._inside(self._pdfs),
            )  # fmt: skip
            shown_with = self._shown_with()
            messages = JsonList(file, before, "]}")
            previous, seq = None, 0
            while some := contents.messages_after(self.chat.id, seq, last_seq):
                self._know_authors(some)
                release()
                page.write("data_copy/messages.html", messages=some, previous=previous, **shown_with)
                for message in some:
                    messages.add(records.message(message, self._name(message), self._role(message), self._paths))
                previous, seq = some[-1], some[-1].seq
                self._progress.count(len(some))
            messages.close()
            page.close()

    def _shown_with(self) -> dict[str, object]:
        paths = {id: self._shown.get(id, path) for id, path in self._paths.items()}
        inside = {"originals": self._inside(self._paths), "shown": self._inside(paths)}
        return inside | {"names": self._names, "reader": self._reader, "zone": self._reader.zone}

    def _inside(self, paths: dict[int, str]) -> dict[int, str]:
        """As the chat's own page leads there."""
        return {id: path.removeprefix(f"{self.folder}/") for id, path in paths.items()}

    def _know_authors(self, messages: Sequence[Message]) -> None:
        """Colleagues have stood in for the doctor."""
        ids = {message.author_id for message in messages if message.author_id is not None}
        self._names |= contents.names_of(ids - self._names.keys())

    def _name(self, message: Message) -> str | None:
        return self._names[message.author_id] if message.author_id is not None else None

    def _role(self, message: Message) -> str:
        if message.author_id is None:
            return "clinic"
        if message.author_id == self.chat.patient_id:
            return "patient"
        return "doctor" if message.author_id == self.chat.doctor.user_id else "stand_in"
