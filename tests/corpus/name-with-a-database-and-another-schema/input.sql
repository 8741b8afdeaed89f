SELECT db.other.f();
