"""Names of the many origins that a social care register in Leicestershire holds.

No two of one list are equal once accents, marks and case are gone, so that two people are alike
in normalised names (rule 6.4) only where they have the same entries of these lists.
"""

from __future__ import annotations

import unicodedata

GIVEN = tuple(
    str.split(
        "Margaret Patricia Jean Mary Joan Barbara Dorothy Sheila Maureen Doreen Brenda Joyce"
        " Pauline Christine Susan Janet Eileen Irene Kathleen Sylvia Audrey Beryl Marjorie Edna"
        " Hilda Ethel Winifred Gladys Rosemary Valerie Jacqueline Linda Carol Sandra Gillian Hazel"
        " Marion Norma Rita Vera Ruth John David Michael Peter Robert William James Brian Derek"
        " Kenneth Ronald Alan Roy Dennis Raymond Frank George Albert Ernest Harold Stanley Arthur"
        " Norman Clive Trevor Malcolm Keith Graham Roger Terence Gerald Leslie Cyril Reginald"
        " Herbert Wilfred Anthony Christopher Stephen Andrew Philip Manjula Hansa Kokila Pushpa"
        " Savita Nirmala Jaya Kanta Lalita Ramila Urmila Daksha Bhanumati Hasmukh Ramesh Suresh"
        " Dinesh Kantilal Jayantilal Chandrakant Harshad Bharat Vinod Rajesh Mukesh Ashok Mahesh"
        " Gurpreet Harjit Balbir Surinder Jaswinder Manjit Amrit Kuldip Davinder Satnam Mohinder"
        " Fatima Khadija Zainab Amina Nasreen Shamim Rukhsana Zubeda Halima Rabia Ahmed Mohammed"
        " Yusuf Ibrahim Ismail Abdul Tariq Iqbal Farooq Osman Hassan Bilal Khalid Ayan Hodan"
        " Fadumo Abdi Sagal Warsame Ifrah Stanisław Władysław Zofia Bożena Małgorzata Łucja"
        " Zbigniew Andrzej Grażyna Kazimierz Jadwiga Siân Gwyneth Rhiannon Eluned Aoife Seán Niamh"
        " Pádraig Bríd Gráinne Máire Eóin Zoë Chloë Françoise René Éloïse André Jürgen Björn Søren"
        " Åse Günther Käthe José María Iñés João Conceição Luís Nuno Ștefan Ioana Mihăița Cătălin"
        " Dumitru Oksana Nadiya Volodymyr Halyna Kwame Ama Adebayo Ngozi Chukwuma Folasade Tendai"
        " Rudo Blessing Oluwaseun Marcia Delroy Winston Cynthia Mei Wei Xiuying Guo Nguyệt Thị Đức"
        " Anne-Marie Jean-Paul Mary-Jane"
    )
)
FAMILY = tuple(
    str.split(
        "Smith Patel Jones Taylor Brown Singh Williams Wilson Kaur Johnson Davies Robinson Wright"
        " Khan Thompson Evans Walker White Roberts Green Hall Wood Jackson Clarke Hussain Ali"
        " Ahmed Begum Harrison Cooper Hill Ward Turner Martin Morris Moore Baker Lewis Allen King"
        " Hughes Edwards Carter Mistry Shah Parmar Chauhan Solanki Desai Joshi Bhatt Trivedi Modi"
        " Lad Vaghela Rathod Gohil Makwana Popat Raja Thakkar Tailor Pancholi Dhillon Sandhu Gill"
        " Sidhu Bains Johal Atwal Mahal Sehmi Malik Chaudhry Mahmood Rashid Sheikh Qureshi"
        " Siddiqui Akhtar Bibi Miah Uddin Chowdhury Rahman Islam Warsame Mohamud Farah Abdullahi"
        " Jama Nur Osman Hersi Nowak Kowalski Wiśniewska Wójcik Kamińska Lewandowski Zielińska"
        " Szymański Woźniak Dąbrowska Łukasik Żuraw Grzegorczyk Błaszczyk Jabłońska O'Brien"
        " O'Connor O'Neill O'Sullivan O'Reilly D'Souza D'Costa D'Arcy McDonald MacGregor McCarthy"
        " Kavanagh Gallagher Doherty Fitzgerald Murphy Kelly Byrne Müller Schäfer Größmann"
        " Jørgensen Østergaard Ångström Sjöberg Håkansson Lefèvre Bérubé Çelik Doğan Fernández"
        " García Muñoz Ibáñez Gonçalves Magalhães Simões Araújo Popescu Ionescu Munteanu Țurcanu"
        " Bălan Shevchenko Kovalenko Bondarenko Melnyk Okafor Adeyemi Olawale Nwosu Mensah Boateng"
        " Asante Moyo Ndlovu Chikwanha Campbell Grant Francis Bailey Gordon Reid Chen Wang Zhang"
        " Huang Nguyễn Trần Phạm Lâm Hollis Aldous Armitage Ashby Attenborough Barradell Beeby"
        " Billesdon Boulter Bramley Burdett Cayless Cufflin Dexter Draycott Earp Freestone Gamble"
        " Goadby Hubbard Ingram Jarvis Kirby Loseby Lockwood Measures Neal Noon Orton Palfreyman"
        " Quorn Rawson Sarson Shipman Sleath Toone Underwood Vesty Wakerley Yeomans Whitehurst"
        " Springthorpe Broughton Branston Kinton Chamberlain Mortimer Taylor-Green Ashby-Jones"
        " Smith-Okafor Patel-Clarke Hall-Davies Walker-Singh Reid-Campbell O'Brien-Shaw"
        " Wright-Nowak Hughes-Ali Moore-Kaur Price-Evans"
    )
)
MISTAKEN = (("Zuzu", "Pex"), ("Iffy", "Wyk"), ("Ulf", "Puk"), ("Jyl", "Vox"), ("Bub", "Foz"))
"""Unlike any other names: what stands on an entry that means somebody else."""

# Rule 6.4 writes these out; NFKD leaves them alone.
_WRITTEN_OUT = str.maketrans(
    {
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "æ": "ae",
        "œ": "oe",
        "ß": "ss",
        "Ł": "L",
        "Ø": "O",
        "Đ": "D",
        "Æ": "AE",
        "Œ": "OE",
    }
)


def without_accents(name: str) -> str:
    """Return a name as a keyboard without accents writes it; hyphens and apostrophes stay."""
    decomposed = unicodedata.normalize("NFKD", name).translate(_WRITTEN_OUT)
    return "".join(mark for mark in decomposed if not unicodedata.combining(mark))


def without_marks(name: str) -> str:
    """Return a name in capitals, without accents, apostrophes and hyphens."""
    plain = without_accents(name).upper()
    return "".join(letter for letter in plain if letter.isalpha())


def mistyped(name: str) -> str:
    """Return a name with one inner letter left out, or doubled where the name is short.

    One letter of a whole name keeps the similarity above 0.90 (rule 7.5).
    """
    middle = len(name) // 2
    if len(name) > 5 and name[middle].isalpha():
        return name[:middle] + name[middle + 1 :]
    return name[:2] + name[1:]


STYLES = (str, str.upper, without_accents, without_marks)
"""How a provider writes names: as they are, in capitals, without accents, without any mark."""

GIVEN_NAMES = (*GIVEN, *(given for given, _ in MISTAKEN))
FAMILY_NAMES = (*FAMILY, *(family for _, family in MISTAKEN))
MISTYPED_FAMILY = len(FAMILY_NAMES)
"""Added to a family name's number, it gives the mistyped form's."""

GIVEN_SPELLINGS = tuple(style(name) for style in STYLES for name in GIVEN_NAMES)
FAMILY_SPELLINGS = tuple(
    style(name)
    for style in STYLES
    for name in (*FAMILY_NAMES, *(mistyped(name) for name in FAMILY_NAMES))
)


def commonness(names: tuple[str, ...]) -> list[int]:
    """Return weights: a name is the commoner the earlier it stands."""
    return [2 + 120 // (3 + place // 3) for place in range(len(names))]
