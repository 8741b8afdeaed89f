DROP TRIGGER tr ON other.t;
