update users set status='locked', locked_until=now()+interval '1h', failed_sign_ins=11 where email like 'bob%';
