# One image for all roles. The process is an ordinary user, and the code belongs to root: it cannot change itself.
FROM python:3.13-slim

ENV PYTHONUTF8=1 \
    PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /app

# A font with Chinese characters, for the contact cards as pictures.
RUN apt-get update \
    && apt-get install -y --no-install-recommends fonts-wqy-microhei \
    && rm -rf /var/lib/apt/lists/*

# Wheels only, but for jieba: an sdist of pure Python, built with setuptools and without a compiler.
COPY requirements.txt ./
RUN pip install --require-hashes -r requirements.txt

COPY LICENSE ./
COPY config config
COPY storage storage
COPY bot bot
RUN python -m compileall -q bot config storage \
    && useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin gridbot \
    && install -d -o gridbot -g gridbot -m 0700 /data

USER gridbot

# Inside a container 127.0.0.1 would reach nobody; what is published is the operator's choice.
ENV GRIDBOT_HOST=0.0.0.0 \
    GRIDBOT_PORT=8000 \
    GRIDBOT_DATA_DIR=/data

VOLUME ["/data"]
EXPOSE 8000

# For processes with the web role; switch it off for the others.
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['GRIDBOT_PORT'] + '/healthz', timeout=2)"]

# The service ends its rounds on SIGTERM.
ENTRYPOINT ["python", "-m", "bot"]
CMD ["serve"]
